"""The store: what `wit/storage.wit` says, sentence by sentence."""

from __future__ import annotations

import multiprocessing
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from organisation_host import Case, Quota, SealingKey, Store
from organisation_host.errors import ConfigurationError
from organisation_host.storage import Scope
from organisation_host.storage.failure import StorageFailure

A, B = Scope("one", "e"), Scope("two", "e")


class Clock:
    now = 1_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    store = Store(tmp_path / "s.db", quota=Quota(items=1_200, total_bytes=1 << 21), clock=clock)
    yield store
    store.close()


def put(key: str, value: str = "v", ttl: int | None = None, sealed: bool = False) -> Case:
    return Case("put", {"key": key, "value": value, "ttl_ms": ttl, "sealed": sealed})


def check(key: str, version: int | None) -> Case:
    expected = Case("absent") if version is None else Case("version", version)
    return Case("check", {"key": key, "expected": expected})


def keys(store: Store, prefix: str = "", after: str | None = None, limit: int = 1000, scope: Scope = A) -> list[str]:
    return list(store.scan_keys(scope, prefix, after, limit)["keys"])


def test_versions_rise_and_are_never_used_again(store: Store, clock: Clock) -> None:
    first = store.apply(A, [put("a"), put("b", ttl=10)]).value
    store.apply(A, [Case("delete", "a")])
    clock.now += 10
    second = store.apply(A, [put("a"), put("b")]).value
    while store.delete_range(A, "", []).tag == "more":
        pass
    third = store.apply(A, [put("a")]).value
    assert first + second + third == sorted(set(first + second + third))


def test_an_apply_is_all_or_nothing_and_checks_see_the_state_before(store: Store) -> None:
    version = store.apply(A, [put("a")]).value[0]
    assert store.apply(A, [put("c"), check("a", version + 1), check("b", None), check("a", None)]) == (
        "conflict",
        ["a"],
    )
    assert keys(store) == ["a"]
    outcome = store.apply(
        A, [put("a", "1"), check("a", version), put("a", "2"), Case("delete", "x"), Case("delete", "b")]
    )
    assert outcome.tag == "applied" and len(outcome.value) == 2
    assert store.get_many(A, ["a"]) == [{"key": "a", "value": "2", "version": outcome.value[1]}]
    assert store.apply(A, []) == ("applied", [])
    # A version that no integer of the database holds fails the check.
    assert store.apply(A, [check("a", 2**64 - 1)]) == ("conflict", ["a"])


def test_keys_order_by_their_bytes(store: Store) -> None:
    names = ["a", "a\uffff", "a\U0001f600", "a\ud7ff", "b", "é", "z", "企", "\U0010ffff", "\U0010ffffx"]
    store.apply(A, [put(name) for name in names])
    assert keys(store) == sorted(names, key=str.encode)
    assert keys(store, "a") == sorted((n for n in names if n[0] == "a"), key=str.encode)
    assert keys(store, "a\ud7ff") == ["a\ud7ff"]
    assert keys(store, "\U0010ffff") == ["\U0010ffff", "\U0010ffffx"]
    assert keys(store, "b", "a") == ["b"]
    assert keys(store, "a", "b") == []
    assert keys(store, "", "é") == [n for n in sorted(names, key=str.encode) if n.encode() > "é".encode()]


def test_pages_end_at_their_limits(store: Store) -> None:
    store.apply(A, [put(f"{i:04}") for i in range(1000)])
    page = store.scan_keys(A, "", None, 5000)
    assert (len(page["keys"]), page["more"]) == (1000, False)
    page = store.scan_keys(A, "", None, 999)
    assert (len(page["keys"]), page["more"]) == (999, True)
    for part in range(8):
        store.apply(A, [put(f"z{part}", "x" * 200_000)])
    page = store.scan(A, "z", None, 100)
    assert (len(page["entries"]), page["more"]) == (5, True)
    assert len(store.get_many(A, [f"z{part}" for part in range(8)])) == 5
    assert store.get_many(A, ["z0", "no", "z0"])[1] is None


@pytest.mark.parametrize(
    ("ask", "case"),
    [
        (lambda s: s.get_many(A, [""]), "invalid"),
        (lambda s: s.get_many(A, ["a\0"]), "invalid"),
        (lambda s: s.get_many(A, ["x"] * 1001), "call-items"),
        (lambda s: s.get_many(A, ["x" * 513]), "key"),
        (lambda s: s.get_many(A, ["企" * 171]), "key"),
        (lambda s: s.scan(A, "", None, 0), "invalid"),
        (lambda s: s.scan(A, "a\0", None, 1), "invalid"),
        (lambda s: s.apply(A, [put("a", ttl=0)]), "invalid"),
        (lambda s: s.apply(A, [put("a", "\0")]), "invalid"),
        (lambda s: s.apply(A, [put("a", "x" * 262_145)]), "value"),
        (lambda s: s.apply(A, [put("a")] * 1001), "call-items"),
        (lambda s: s.apply(A, [put(f"{i}", "x" * 262_144) for i in range(4)]), "call-bytes"),
        (lambda s: s.delete_range(A, "", [check("", None).value]), "invalid"),
        (lambda s: s.wait(A, "", None, 0), "invalid"),
    ],
)
def test_what_a_caller_can_know_is_refused(store: Store, ask: Any, case: str) -> None:
    store.apply(A, [put("there")])
    with pytest.raises(StorageFailure) as failure:
        ask(store)
    tag, value = failure.value.case
    assert (tag if tag == "invalid" else value["name"]) == case
    assert keys(store) == ["there"]


def test_what_expired_is_absent_everywhere(store: Store, clock: Clock) -> None:
    version = store.apply(A, [put("a", ttl=10), put("ever", ttl=2**64 - 1)]).value[0]
    assert keys(store) == ["a", "ever"]
    clock.now += 10
    assert keys(store) == ["ever"] and store.get_many(A, ["a"]) == [None]
    assert store.apply(A, [check("a", version)]).tag == "conflict"
    assert store.apply(A, [check("a", None), put("a")]).tag == "applied"
    clock.now += 10_000
    # Not inherited.
    assert keys(store) == ["a", "ever"]


def test_quotas_compare_the_state_after_and_never_refuse_less(store: Store, clock: Clock) -> None:
    store.apply(A, [put(f"t{i}", ttl=5) for i in range(1000)])
    with pytest.raises(StorageFailure) as failure:
        store.apply(A, [put(f"u{i}") for i in range(201)])
    assert failure.value.case == ("quota", {"name": "items", "limit": 1200})
    # What has expired does not count.
    clock.now += 5
    store.apply(A, [put(f"u{i}") for i in range(1000)])
    for part in range(7):
        store.apply(A, [put(f"z{part}", "x" * 262_000)])
    with pytest.raises(StorageFailure) as failure:
        store.apply(A, [put("z7", "x" * 262_000), put("z8", "x" * 262_000)])
    assert failure.value.case.value["name"] == "bytes"
    assert store.apply(A, [Case("delete", "z0"), put("z7", "x" * 262_000)]).tag == "applied"
    assert store.apply(B, [put("z", "x" * 262_000)]).tag == "applied"


def test_a_range_goes_in_portions_and_only_where_checks_hold(store: Store) -> None:
    version = store.apply(A, [put("lease"), *(put(f"p{i:04}") for i in range(900))]).value[0]
    for part in range(5):
        store.apply(A, [put(f"px{part}", "x" * 250_000)])
    assert store.delete_range(A, "p", [check("lease", version + 1).value]) == ("conflict", ["lease"])
    holds = [check("lease", version).value]
    assert store.delete_range(A, "p", holds) == ("more", None)
    assert keys(store, "p") == ["px4"]
    assert store.delete_range(A, "p", holds) == ("done", None)
    assert store.delete_range(A, "p", holds) == ("done", None)
    assert keys(store) == ["lease"]


def test_tenants_do_not_see_each_other(store: Store) -> None:
    store.apply(A, [put("a")])
    assert keys(store, scope=B) == [] and store.get_many(B, ["a"]) == [None]
    assert store.delete_range(B, "", []).tag == "done"
    assert keys(store) == ["a"]


def test_sealed_values_lie_encrypted_and_open_at_their_place_alone(store: Store, tmp_path: Path) -> None:
    store.apply(A, [put("token", "very-secret-value", sealed=True), put("plain", "in-the-clear")])
    found = store.get_many(A, ["token"])[0]
    assert found is not None and found["value"] == "very-secret-value"
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("s.db*"))
    assert b"in-the-clear" in stored and b"very-secret-value" not in stored
    with sqlite3.connect(tmp_path / "s.db") as other:
        other.execute(
            "UPDATE entries SET value = (SELECT value FROM entries WHERE key = 'token'), sealed = 1 WHERE key = 'plain'"
        )
    other.close()
    with pytest.raises(StorageFailure) as failure:
        store.get_many(A, ["plain"])
    assert failure.value.case.tag == "other"


def test_fingerprints_are_those_of_the_key(tmp_path: Path) -> None:
    key = SealingKey(bytes(range(32)))
    assert key.fingerprint("ab", "c") == SealingKey(bytes(range(32))).fingerprint("ab", "c")
    assert (
        len({key.fingerprint("ab", "c"), key.fingerprint("a", "bc"), SealingKey(bytes(32)).fingerprint("ab", "c")}) == 3
    )
    made = SealingKey.beside(tmp_path / "k")
    assert made.fingerprint("x") == SealingKey.beside(tmp_path / "k").fingerprint("x")
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o600
    (tmp_path / "k").chmod(0o644)
    with pytest.raises(ConfigurationError):
        SealingKey.beside(tmp_path / "k")


def test_the_file_is_for_this_user_alone(store: Store, tmp_path: Path) -> None:
    store.apply(A, [put("a")])
    files = [path for path in tmp_path.iterdir() if path.name.startswith("s.db")]
    assert {path.name for path in files} >= {"s.db", "s.db-wal"}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_a_store_is_opened_though_another_one_turns_its_log_on(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    # SQLite asks no busy handler here: without patience the store would not open.
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, other.execute, ["ROLLBACK"])
    release.start()
    Store(path).close()
    release.join()
    other.close()


def test_those_who_open_a_store_at_once_find_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: SealingKey.beside(tmp_path / "k").fingerprint("x"), range(16)))
    assert len(set(made)) == 1 and [path.name for path in tmp_path.iterdir()] == ["k"]


def test_a_wait_ends_when_the_key_changes(store: Store, tmp_path: Path, clock: Clock) -> None:
    version = store.apply(A, [put("a")]).value[0]
    assert store.wait(A, "a", None, 0) is True
    assert store.wait(A, "a", version, 0) is False
    other = Store(tmp_path / "s.db", clock=clock)
    # A writer of this store, one of another one, and the clock.
    for write in (
        lambda: store.apply(A, [put("a", "1")]),
        lambda: other.apply(A, [Case("delete", "a")]),
    ):
        now = store.get_many(A, ["a"])[0]
        assert now is not None
        writer = threading.Timer(0.05, write)
        writer.start()
        assert store.wait(A, "a", now["version"], 30) is True
        writer.join()
    version = store.apply(A, [put("a", ttl=5)]).value[0]
    clock.now += 5
    assert store.wait(A, "a", version, 30) is True
    other.close()


def _count(path: Path, times: int) -> None:
    store = Store(path)
    for _ in range(times):
        while True:
            found = store.get_many(A, ["n"])[0]
            value, version = ("0", None) if found is None else (found["value"], found["version"])
            if store.apply(A, [check("n", version), put("n", str(int(value) + 1))]).tag == "applied":
                break
    store.close()


def test_processes_share_one_file(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_count, args=(tmp_path / "n.db", 50)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    store = Store(tmp_path / "n.db")
    found = store.get_many(A, ["n"])[0]
    assert found is not None and found["value"] == "150"
    store.close()


def test_a_store_that_is_held_answers_unavailable(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.apply(A, [put("a")])
    monkeypatch.setattr("organisation_host.storage.connections.BUSY_SECONDS", 0.05)
    impatient = Store(tmp_path / "s.db")
    holder = sqlite3.connect(tmp_path / "s.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageFailure) as failure:
        impatient.apply(A, [put("b")])
    assert failure.value.case == ("unavailable", False)
    # Readers go on.
    assert keys(impatient) == ["a"]
    holder.execute("ROLLBACK")
    assert impatient.apply(A, [put("b")]).tag == "applied"
    holder.close()
    impatient.close()


def test_the_trail_keeps_what_it_is_given(store: Store) -> None:
    entry = {
        "actor": "me",
        "action": "administration.set-member-roles",
        "subject": "lisi",
        "before": None,
        "after": '["a"]',
    }
    store.append_trail(A, [entry, entry])
    store.append_trail(B, [entry])
    found = store.trail(A)
    assert [{key: each[key] for key in entry} for each in found] == [entry, entry]
    assert store.trail(A, found[0]["id"]) == found[1:]
