"""Files that another version or another program made: brought to the newest form, or refused and left alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from organisation_host import Case, Quota, Store
from organisation_host.errors import StorageUnavailable
from organisation_host.storage import Scope
from organisation_host.storage.failure import StorageFailure

A, B = Scope("one", "e"), Scope("two", "e")

#: As the first version made them, with a member and two decisions: one of them about all of the element.
FIRST = """
CREATE TABLE scopes (
    id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, element TEXT NOT NULL,
    last_version INTEGER NOT NULL DEFAULT 0, items INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant, element)
) STRICT;
CREATE TABLE entries (
    scope INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL, size INTEGER NOT NULL,
    expires INTEGER, sealed INTEGER NOT NULL, PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX expiring ON entries (scope, expires) WHERE expires IS NOT NULL;
CREATE TABLE trail (
    id INTEGER PRIMARY KEY AUTOINCREMENT, scope INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
    subject TEXT NOT NULL, before TEXT, after TEXT
) STRICT;
CREATE INDEX trail_of_scope ON trail (scope, id);
INSERT INTO scopes VALUES (1, 'one', 'e', 7, 1, 10), (2, 'two', 'e', 0, 0, 0);
INSERT INTO entries VALUES (1, 'm/lisi', '李四', 7, 12, NULL, 0);
INSERT INTO trail VALUES (4, 1, 1000, 'me', 'administration.set-member-roles', 'lisi', NULL, '["a"]'),
    (9, 1, 2000, 'me', 'administration.set-role-rules', '', NULL, '企业');
PRAGMA user_version = 1;
"""

ENTRY = {"actor": "me", "action": "administration.set-role-rules", "subject": None, "before": None, "after": "[]"}


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "s.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FIRST)
    yield path


def test_a_file_of_the_first_form_goes_on(first: Path) -> None:
    store = Store(first)
    assert store.get_many(A, ["m/lisi"]) == [{"key": "m/lisi", "value": "李四", "version": 7}]
    assert store.apply(A, [Case("put", {"key": "k", "value": "v", "ttl_ms": None, "sealed": False})]).value == [8]
    # What that form refused.
    store.append_trail(A, [ENTRY])
    store.close()
    again = Store(first)
    found = [(each["id"], each["subject"], each["after"]) for each in again.trail(A)]
    assert found == [(4, "lisi", '["a"]'), (9, None, "企业"), (10, None, "[]")]
    assert again.trail(B) == []
    again.close()


def test_what_a_trail_held_before_counts(first: Path) -> None:
    # 42 and 37 bytes of texts; another entry counts 97.
    store = Store(first, quota=Quota(total_bytes=150))
    with pytest.raises(StorageFailure) as failure:
        store.append_trail(A, [ENTRY])
    assert failure.value.case == ("quota", {"name": "trail", "limit": 150})
    assert len(store.trail(A)) == 2
    store.append_trail(B, [ENTRY])
    store.close()


def test_of_those_who_open_a_file_at_once_one_changes_it(first: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        for store in threads.map(lambda _: Store(first), range(8)):
            assert len(store.trail(A)) == 2
            store.close()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("CREATE TABLE entries (tenant TEXT, element TEXT, key TEXT); CREATE TABLE audit (id INTEGER)", "of its own"),
        ("CREATE TABLE anything (x)", "of its own"),
        ("PRAGMA application_id = 1; CREATE TABLE anything (x); PRAGMA user_version = 2", "of its own"),
        ("CREATE TABLE scopes (x); PRAGMA user_version = 3", "install a later version"),
    ],
)
def test_what_this_host_cannot_read_is_refused_and_left_alone(tmp_path: Path, script: str, words: str) -> None:
    path = tmp_path / "s.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    before = path.read_bytes()
    with pytest.raises(StorageUnavailable, match=words):
        Store(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["s.db"]


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(b"x" * 5_000)
    with pytest.raises(StorageUnavailable, match="not a database"):
        Store(path)
