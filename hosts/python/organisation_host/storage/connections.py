"""Connections to the SQLite file, lent to one thread at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from ..errors import StorageUnavailable
from .failure import StorageFailure

#: Seconds that a writer waits for another process.
BUSY_SECONDS = 5.0

#: Says that a file is this host's: `orgp`. The Rust and the Node host have files of another form.
APPLICATION = 0x6F726770

_TRAIL = """
CREATE TABLE trail (
    id INTEGER PRIMARY KEY AUTOINCREMENT, scope INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
    subject TEXT, before TEXT, after TEXT
) STRICT;
CREATE INDEX trail_of_scope ON trail (scope, id)"""

#: What makes a file of each form, the newest one last. Statements are separated by semicolons, and hold none.
_FRESH = f"""
CREATE TABLE scopes (
    id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, element TEXT NOT NULL,
    last_version INTEGER NOT NULL DEFAULT 0, items INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0,
    trail_bytes INTEGER NOT NULL DEFAULT 0, UNIQUE (tenant, element)
) STRICT;
CREATE TABLE entries (
    scope INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, version INTEGER NOT NULL, size INTEGER NOT NULL,
    expires INTEGER, sealed INTEGER NOT NULL, PRIMARY KEY (scope, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX expiring ON entries (scope, expires) WHERE expires IS NOT NULL;
{_TRAIL}"""
#: In the first form an entry of the trail about all of the element had an empty subject, and nobody counted the trail.
_FROM_1 = f"""
ALTER TABLE scopes ADD COLUMN trail_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trail RENAME TO trail_1;
DROP INDEX trail_of_scope;
{_TRAIL};
INSERT INTO trail SELECT id, scope, at, actor, action, nullif(subject, ''), before, after FROM trail_1;
DROP TABLE trail_1;
UPDATE scopes SET trail_bytes = (
    SELECT coalesce(sum(length(CAST(actor || action || ifnull(subject, '') || ifnull(before, '') || ifnull(after, '') AS BLOB))), 0)
    FROM trail WHERE scope = scopes.id
)"""  # noqa: S608
#: From the form that is found, 0 where the file is new, to the newest.
_FORM = 2
_WAYS = {0: _FRESH, 1: _FROM_1}


class Connections:
    """Made as they are needed, kept for the next, and all of one process: after `fork` a child makes its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._pid = os.getpid()
        _make(path)
        # With a connection that changes nothing: the file may be somebody else's.
        with self._failing(), closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
            _form_of(connection, path)
        with self.lent() as connection:
            if _form_of(connection, path) != _FORM:
                # Of several processes that open it at once, the first one does it.
                connection.execute("BEGIN IMMEDIATE")
                for statement in _WAYS.get(_form_of(connection, path), "").split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {_FORM}")
                connection.execute("COMMIT")

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
        with self._failing():
            connection = sqlite3.connect(
                self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            _log_ahead(connection)
            # Enough for the survival of everything acknowledged when the process dies; a loss of power may take the last writes.
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")
        return connection

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Errors of SQLite, where nothing was written yet, are failures of the store."""
        try:
            yield
        except sqlite3.Error as error:
            raise StorageFailure.unavailable(False, f"{self._path}: {error}") from error


def _form_of(connection: sqlite3.Connection, path: Path) -> int:
    """Which form the file has, 0 where nothing is in it yet. Raises StorageUnavailable for what this host cannot read."""
    form, application, tables = connection.execute(
        "SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema)"
        " FROM pragma_user_version, pragma_application_id"
    ).fetchone()
    if application not in (0, APPLICATION) or (form == 0 and tables):
        raise StorageUnavailable(
            f"{path} is a SQLite file of another program, or of the Rust or the Node host, whose form is another: name a file of its own"
        )
    if form > _FORM:
        raise StorageUnavailable(
            f"{path} has form {form}, and this version of organisation-host reads up to {_FORM}: install a later version"
        )
    return int(form)


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
