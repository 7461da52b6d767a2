"""The store: `wit/storage.wit` on SQLite, and the trail of `wit/audit.wit`.

Writers take the one lock of the file (`BEGIN IMMEDIATE`), so that every `apply` is serialisable with every other one of any
process. Keys are compared as SQLite compares texts by default: by their UTF-8 bytes.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import StorageUnavailable
from ..values.case import Case
from . import rules
from .connections import Connections
from .failure import StorageFailure
from .quota import Quota
from .sealing import SealingKey

#: Seconds between two looks at a key that another process may write.
LOOK_SECONDS = 0.1
#: Expired entries that a write clears away, so that none has to clear away many.
REAPED = 200
#: Bytes that an entry of the trail counts beside its texts, so that empty ones are not free.
TRAIL_ENTRY = 64
#: The last instant and version: what SQLite's integers hold.
LARGEST = 2**63 - 1

_PRESENT = "(expires IS NULL OR expires > ?)"
_ENTRY = "INTO entries (scope, key, value, version, size, expires, sealed) VALUES (?, ?, ?, ?, ?, ?, ?)"


class Scope(NamedTuple):
    """Whose keys. The host names it; a component cannot."""

    tenant: str
    element: str


class Store:
    """Opens or makes a SQLite file. Share one among all elements of a process; several processes may open the same file.

    The sealing key is read from, or made in, a file of the same name with `.key` behind it, unless one is given. `clock` gives
    milliseconds since 1970 and is for tests. Raises StorageUnavailable.
    """

    def __init__(
        self,
        path: Path,
        key: SealingKey | None = None,
        quota: Quota | None = None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._quota = quota or Quota()
        self._clock = clock
        self._changed = threading.Condition()
        self._writes = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connections = Connections(path)
            self.key = key or SealingKey.beside(path.with_name(f"{path.name}.key"))
        except StorageFailure as failure:
            raise StorageUnavailable(f"{path} cannot be opened: {failure}") from failure
        except OSError as error:
            raise StorageUnavailable(f"{path} cannot be opened: {error.strerror}") from error
        self._scopes: dict[Scope, int] = {}

    def close(self) -> None:
        """Gives the file back."""
        self._connections.close()

    def get_many(self, scope: Scope, keys: Sequence[str]) -> list[dict[str, Any] | None]:
        """As `storage.get-many`. Raises StorageFailure, as every function here."""
        rules.demand_keys(keys, self._quota)
        page = rules.Page()
        answer: list[dict[str, Any] | None] = []
        with self._reading(scope) as (connection, number, now):
            query = f"SELECT value, version, sealed, size FROM entries WHERE scope = ? AND key = ? AND {_PRESENT}"  # noqa: S608
            for key in keys:
                row = connection.execute(query, (number, key, now)).fetchone()
                if row is None:
                    answer.append(None)
                    continue
                if not page.admit(row[3]):
                    break
                answer.append({"key": key, "value": self._opened(scope, key, row[0], row[2]), "version": row[1]})
        return answer

    def scan(self, scope: Scope, prefix: str, after_key: str | None, limit: int) -> dict[str, Any]:
        """As `storage.scan`."""
        rows, more = self._page(scope, prefix, after_key, limit, "value, version, sealed, size")
        entries = [
            {"key": key, "value": self._opened(scope, key, value, sealed), "version": version}
            for key, value, version, sealed, _ in rows
        ]
        return {"entries": entries, "more": more}

    def scan_keys(self, scope: Scope, prefix: str, after_key: str | None, limit: int) -> dict[str, Any]:
        """As `storage.scan-keys`."""
        rows, more = self._page(scope, prefix, after_key, limit, "length(CAST(key AS BLOB))")
        return {"keys": [key for key, _ in rows], "more": more}

    def apply(self, scope: Scope, ops: Sequence[Case]) -> Case:
        """As `storage.apply`: `applied` with versions, or `conflict` with keys."""
        sizes = rules.demand_ops(ops, self._quota)
        if not ops:
            return Case("applied", [])
        with self._writing(scope) as (connection, number, now):
            lost = self._failed(connection, number, now, [op for tag, op in ops if tag == "check"])
            if lost:
                return Case("conflict", lost)
            if all(tag == "check" for tag, _ in ops):
                return Case("applied", [])
            usage = _Usage(connection, number, now)
            versions = []
            for (tag, op), size in zip(ops, sizes, strict=True):
                if tag == "put":
                    versions.append(usage.next_version())
                    self._put(connection, scope, number, now, op, size, versions[-1], usage)
                elif tag == "delete":
                    usage.remove(op)
            usage.write(self._quota)
        return Case("applied", versions)

    def delete_range(self, scope: Scope, prefix: str, checks: Sequence[dict[str, Any]]) -> Case:
        """As `storage.delete-range`: one portion."""
        rules.demand_range(prefix, checks, self._quota)
        with self._writing(scope) as (connection, number, now):
            lost = self._failed(connection, number, now, checks)
            if lost:
                return Case("conflict", lost)
            page, keys, more = rules.Page(), [], False
            # What has expired goes as well, without being counted as a page's.
            query, values = _range("key, size", number, prefix, None, None)
            for key, size in connection.execute(query, values):
                if not page.admit(size):
                    more = True
                    break
                keys.append(key)
            usage = _Usage(connection, number, now)
            for key in keys:
                usage.remove(key)
            usage.write(None)
        return Case("more" if more else "done")

    def wait(self, scope: Scope, key: str, version: int | None, timeout: float) -> bool:
        """As `storage.wait`; `timeout` in seconds. Writers of this process wake it, others are seen after 100 ms."""
        rules.demand_key(key, self._quota, "key")
        end = time.monotonic() + timeout
        while True:
            seen = self._writes
            if self._version(scope, key) != version:
                return True
            left = end - time.monotonic()
            if left <= 0:
                return False
            with self._changed:
                if self._writes == seen:
                    self._changed.wait(min(left, LOOK_SECONDS))

    def append_trail(self, scope: Scope, entries: Sequence[dict[str, Any]]) -> None:
        """As `audit.append`, limits of one call aside: all or none. The trail has a share of the quota of its own."""
        sizes = [sum(rules.size(value) for value in entry.values() if value is not None) for entry in entries]
        with self._writing(scope) as (connection, number, now):
            query = "UPDATE scopes SET trail_bytes = trail_bytes + ? WHERE id = ? RETURNING trail_bytes"
            (total,) = connection.execute(query, (sum(sizes) + TRAIL_ENTRY * len(entries), number)).fetchone()
            if total > self._quota.total_bytes:
                raise StorageFailure.quota("trail", self._quota.total_bytes, total)
            rows = [
                (number, now, entry["actor"], entry["action"], entry["subject"], entry["before"], entry["after"])
                for entry in entries
            ]
            connection.executemany(
                "INSERT INTO trail (scope, at, actor, action, subject, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def trail(self, scope: Scope, after: int = 0, limit: int = 200) -> list[dict[str, Any]]:
        """What administrators decided, oldest first, after the entry with this `id`."""
        query = "SELECT id, at, actor, action, subject, before, after FROM trail WHERE scope = ? AND id > ? ORDER BY id LIMIT ?"
        names = ("id", "at", "actor", "action", "subject", "before", "after")
        with self._reading(scope) as (connection, number, _):
            return [dict(zip(names, row, strict=True)) for row in connection.execute(query, (number, after, limit))]

    def remove(self, scope: Scope) -> None:
        """Deletes all keys of an element, in portions. Versions go on from where they were; the trail stays."""
        while self.delete_range(scope, "", []).tag == "more":
            pass

    def _put(
        self,
        connection: sqlite3.Connection,
        scope: Scope,
        number: int,
        now: int,
        op: dict[str, Any],
        size: int,
        version: int,
        usage: _Usage,
    ) -> None:
        key, value, ttl = op["key"], op["value"], op["ttl_ms"]
        stored = self.key.seal((*scope, key), value) if op["sealed"] else value
        expires = None if ttl is None or now + ttl > LARGEST else now + ttl
        row = (number, key, stored, version, size, expires, op["sealed"])
        # Most keys of a sync are new: one statement for those, and two more for the others.
        if connection.execute(f"INSERT {_ENTRY} ON CONFLICT DO NOTHING", row).rowcount:
            usage.add(size)
        else:
            usage.replace(key, size)
            connection.execute(f"INSERT OR REPLACE {_ENTRY}", row)

    def _opened(self, scope: Scope, key: str, value: str, sealed: int) -> str:
        return self.key.open((*scope, key), value) if sealed else value

    def _version(self, scope: Scope, key: str) -> int | None:
        with self._reading(scope) as (connection, number, now):
            query = f"SELECT version FROM entries WHERE scope = ? AND key = ? AND {_PRESENT}"  # noqa: S608
            row = connection.execute(query, (number, key, now)).fetchone()
        return None if row is None else int(row[0])

    def _failed(
        self, connection: sqlite3.Connection, number: int, now: int, checks: Sequence[dict[str, Any]]
    ) -> list[str]:
        """Keys whose check fails, each once."""
        query = f"SELECT version FROM entries WHERE scope = ? AND key = ? AND {_PRESENT}"  # noqa: S608
        failed: dict[str, None] = {}
        for check in checks:
            row = connection.execute(query, (number, check["key"], now)).fetchone()
            tag, version = check["expected"]
            if (row is not None) if tag == "absent" else (row is None or row[0] != version):
                failed[check["key"]] = None
        return list(failed)

    def _page(
        self, scope: Scope, prefix: str, after_key: str | None, limit: int, columns: str
    ) -> tuple[list[tuple[Any, ...]], bool]:
        """The rows of a page, and whether others follow. `columns` ends in what a row takes of the page."""
        page = rules.Page(rules.demand_scan(prefix, after_key, limit, self._quota))
        rows: list[tuple[Any, ...]] = []
        with self._reading(scope) as (connection, number, now):
            query, values = _range(f"key, {columns}", number, prefix, after_key, now)
            for row in connection.execute(query, values):
                if not page.admit(row[-1]):
                    return rows, True
                rows.append(row)
        return rows, False

    @contextmanager
    def _reading(self, scope: Scope) -> Iterator[tuple[sqlite3.Connection, int, int]]:
        """One snapshot."""
        number = self._number(scope)
        with self._connections.lent() as connection:
            connection.execute("BEGIN")
            try:
                yield connection, number, self._clock()
            finally:
                connection.execute("ROLLBACK")

    @contextmanager
    def _writing(self, scope: Scope) -> Iterator[tuple[sqlite3.Connection, int, int]]:
        """One transaction, carried out where nothing is raised."""
        number = self._number(scope)
        try:
            with self._connections.lent() as connection:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection, number, self._clock()
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                try:
                    connection.execute("COMMIT")
                except sqlite3.OperationalError as error:
                    # Whether a busy or a full disk let it through, nobody can say here.
                    raise StorageFailure.unavailable(True, f"SQLite: {error}") from error
        finally:
            with self._changed:
                self._writes += 1
                self._changed.notify_all()

    def _number(self, scope: Scope) -> int:
        known = self._scopes.get(scope)
        if known is None:
            query = "SELECT id FROM scopes WHERE tenant = ? AND element = ?"
            with self._connections.lent() as connection:
                row = connection.execute(query, scope).fetchone()
                if row is None:
                    connection.execute("INSERT OR IGNORE INTO scopes (tenant, element) VALUES (?, ?)", scope)
                    row = connection.execute(query, scope).fetchone()
            self._scopes[scope] = known = int(row[0])
        return known


class _Usage:
    """What an element holds and the last version that it used, changed within one transaction."""

    def __init__(self, connection: sqlite3.Connection, number: int, now: int) -> None:
        self._connection = connection
        self._number = number
        self._now = now
        self._version, self._items, self._bytes = connection.execute(
            "SELECT last_version, items, bytes FROM scopes WHERE id = ?", (number,)
        ).fetchone()
        self._reap(REAPED)
        self._before = (self._items, self._bytes)

    def next_version(self) -> int:
        self._version += 1
        return int(self._version)

    def add(self, size: int) -> None:
        """Counts an entry that was not there."""
        self._items += 1
        self._bytes += size

    def replace(self, key: str, size: int) -> None:
        """Counts an entry that is there and about to be written anew."""
        query = "SELECT size FROM entries WHERE scope = ? AND key = ?"
        (old,) = self._connection.execute(query, (self._number, key)).fetchone()
        self._bytes += size - old

    def remove(self, key: str) -> None:
        """Deletes an entry, if it is there."""
        for (size,) in self._connection.execute(
            "DELETE FROM entries WHERE scope = ? AND key = ? RETURNING size", (self._number, key)
        ).fetchall():
            self._items -= 1
            self._bytes -= size

    def write(self, quota: Quota | None) -> None:
        """Keeps the figures. Raises StorageFailure where they pass the quota and are more than before."""
        if quota is not None and self._passes(quota):
            # What has expired does not count, however much of it there is.
            while self._passes(quota) and self._reap(rules.PAGE_ITEMS):
                pass
            for name, limit, before, after in self._figures(quota):
                if after > limit and after > before:
                    raise StorageFailure.quota(name, limit, after)
        self._connection.execute(
            "UPDATE scopes SET last_version = ?, items = ?, bytes = ? WHERE id = ?",
            (self._version, self._items, self._bytes, self._number),
        )

    def _passes(self, quota: Quota) -> bool:
        return any(after > limit and after > before for _, limit, before, after in self._figures(quota))

    def _figures(self, quota: Quota) -> tuple[tuple[str, int, int, int], ...]:
        return (
            ("items", quota.items, self._before[0], self._items),
            ("bytes", quota.total_bytes, self._before[1], self._bytes),
        )

    def _reap(self, most: int) -> int:
        """Deletes entries that have expired; says how many."""
        rows = self._connection.execute(
            "DELETE FROM entries WHERE (scope, key) IN (SELECT scope, key FROM entries WHERE scope = ? AND expires <= ? LIMIT ?)"
            " RETURNING size",
            (self._number, self._now, most),
        ).fetchall()
        self._items -= len(rows)
        self._bytes -= sum(size for (size,) in rows)
        return len(rows)


def _range(
    columns: str, number: int, prefix: str, after_key: str | None, now: int | None
) -> tuple[str, tuple[Any, ...]]:
    """The query for keys with a prefix, after a key, in order."""
    where, values = "scope = ?", [number]  # type: tuple[str, list[Any]]
    if after_key is not None and after_key >= prefix:
        where += " AND key > ?"
        values.append(after_key)
    elif prefix:
        where += " AND key >= ?"
        values.append(prefix)
    end = _end_of(prefix)
    if end is not None:
        where += " AND key < ?"
        values.append(end)
    if now is not None:
        where += f" AND {_PRESENT}"
        values.append(now)
    return f"SELECT {columns} FROM entries WHERE {where} ORDER BY key", tuple(values)  # noqa: S608


def _end_of(prefix: str) -> str | None:
    """The first text after all that begin with the prefix. Code points order as their UTF-8 bytes do."""
    while prefix:
        last = ord(prefix[-1])
        if last < 0x10FFFF:
            # Surrogates are no characters of a text.
            return prefix[:-1] + chr(0xE000 if last == 0xD7FF else last + 1)
        prefix = prefix[:-1]
    return None
