"""Connections to the SQLite file, lent to one thread at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import StorageUnavailable
from .failure import StorageFailure

#: Seconds that a writer waits for another process.
BUSY_SECONDS = 5.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS scopes (
    id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, element TEXT NOT NULL,
    last_version INTEGER NOT NULL DEFAULT 0, items INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant, element)
) STRICT;
CREATE TABLE IF NOT EXISTS entries (
    scope INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL, size INTEGER NOT NULL,
    expires INTEGER, sealed INTEGER NOT NULL, PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS expiring ON entries (scope, expires) WHERE expires IS NOT NULL;
CREATE TABLE IF NOT EXISTS trail (
    id INTEGER PRIMARY KEY AUTOINCREMENT, scope INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
    subject TEXT, before TEXT, after TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS trail_of_scope ON trail (scope, id);
PRAGMA user_version = 1;
"""


class Connections:
    """Made as they are needed, kept for the next, and all of one process: after `fork` a child makes its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._pid = os.getpid()
        _make(path)
        with self.lent() as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > 1:
                raise StorageUnavailable(f"{path} was written by a later version of this program")
            if version == 0:
                connection.executescript(f"BEGIN IMMEDIATE;{SCHEMA}COMMIT;")

    @contextmanager
    def lent(self) -> Iterator[sqlite3.Connection]:
        """A connection outside any transaction. Errors of SQLite before a commit become failures of the store."""
        connection = self._taken()
        try:
            yield connection
        except sqlite3.Error as error:
            connection.close()
            raise StorageFailure.unavailable(False, f"SQLite: {error}") from error
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._idle.append(connection)

    def close(self) -> None:
        """Closes what is idle."""
        with self._lock:
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    def _taken(self) -> sqlite3.Connection:
        with self._lock:
            if self._pid != os.getpid():
                self._idle.clear()
                self._pid = os.getpid()
            if self._idle:
                return self._idle.pop()
        try:
            connection = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            _log_ahead(connection)
            # Enough for the survival of everything acknowledged when the process dies; a loss of power may take the last writes.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")
        except sqlite3.Error as error:
            raise StorageFailure.unavailable(False, f"{self._path}: {error}") from error
        return connection


_making = threading.Lock()


def _make(path: Path) -> None:
    """Makes the file where there is none, for this user alone; SQLite gives its companions the same mode.

    One thread at a time, and never a file that is there: to close a file that SQLite has open in this process gives up its locks.
    """
    with _making, suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Turns the write-ahead log on. SQLite waits for no other process that does so at the same moment, so this does."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # The low byte: the rest tells kinds of being busy apart.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
        time.sleep(0.01)
