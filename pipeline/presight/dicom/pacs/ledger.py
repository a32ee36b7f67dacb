"""What the watcher remembers, through restarts: one row a study in an SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from presight.errors import OutputError

_TABLE = """
CREATE TABLE IF NOT EXISTS studies (
    uid TEXT PRIMARY KEY,
    signature TEXT NOT NULL,
    state TEXT NOT NULL,
    since REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    not_before REAL NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT ''
)
"""
_COLUMNS = "uid, signature, state, since, attempts, not_before, reason"


class State(StrEnum):
    """Where a study stands."""

    WAITING = "waiting"  # seen, may still grow, or tried without success
    DONE = "done"
    SKIPPED = "skipped"  # nothing to do for presight: no FLAIR, ...
    DEAD = "dead"  # tried too often


@dataclass(frozen=True)
class Entry:
    """One study. Times in seconds since 1970; ``since`` is that of the signature."""

    uid: str
    signature: str
    state: State
    since: float
    attempts: int = 0
    not_before: float = 0.0
    reason: str = ""


class Ledger:
    """Rows of studies, each written whole.

    Raises
    ------
    OutputError
        The file cannot be opened or is none of ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._open() as database:
                database.execute(_TABLE)
        except (OSError, sqlite3.Error) as error:
            raise OutputError(f"the ledger cannot be opened ({error})", where=path) from error

    def get(self, uid: str) -> Entry | None:
        """Find one study."""
        with self._open() as database:
            query = f"SELECT {_COLUMNS} FROM studies WHERE uid = ?"  # noqa: S608 (our columns)
            row = database.execute(query, (uid,)).fetchone()
        return _entry(row) if row else None

    def all(self) -> list[Entry]:
        """Every study, the newest first."""
        with self._open() as database:
            query = f"SELECT {_COLUMNS} FROM studies ORDER BY since DESC"  # noqa: S608
            return [_entry(row) for row in database.execute(query)]

    def put(self, entry: Entry) -> None:
        """Write one study over what was known of it."""
        row = (
            entry.uid, entry.signature, entry.state.value, entry.since,
            entry.attempts, entry.not_before, entry.reason,
        )  # fmt: skip
        with self._open() as database:
            statement = f"INSERT OR REPLACE INTO studies ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
            database.execute(statement, row)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=30)
        try:
            with connection:  # commits, or rolls back
                yield connection
        finally:
            connection.close()


def _entry(row: tuple[str, str, str, float, int, float, str]) -> Entry:
    uid, signature, state, since, attempts, not_before, reason = row
    return Entry(uid, signature, State(state), since, attempts, not_before, reason)
