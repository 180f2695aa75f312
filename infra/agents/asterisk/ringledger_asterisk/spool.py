"""The events on disk that Ringledger has not taken yet, the place up to which the source was read, and recordings.

All of it is one SQLite database, so that events and the place after them are stored together or not at all.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from ringledger_asterisk.cel_records import CelRecord, base_name

_TABLES = """
CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY AUTOINCREMENT, size INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS places (source TEXT PRIMARY KEY, place TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS recordings (
    name TEXT PRIMARY KEY, path TEXT NOT NULL, channel TEXT NOT NULL, begun REAL NOT NULL, ended REAL,
    done REAL, attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS recordings_channel ON recordings (channel);
"""
_SETTINGS = ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL", "cache_size = -4000")
#: A name whose file is uploaded already may come again, for example from a second channel.
_BEGIN = """
INSERT INTO recordings (name, path, channel, begun) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING
"""
_NEXT = "SELECT number, size, text FROM events ORDER BY number LIMIT ?"
_LOG_SECONDS = 60

logger = logging.getLogger(__name__)


class SpoolFault(Exception):
    """The spool takes nothing more: it has reached its limit, or the disk is full."""


class SpoolInUse(Exception):
    """Another program has the spool, or it cannot be opened."""


class SpooledBatch(NamedTuple):
    """Events in the order in which they came, and the number of the last one."""

    last: int
    texts: tuple[str, ...]


class Spool:
    """The spool in a folder, for this program alone. Every method can be called from any thread."""

    def __init__(self, folder: Path, limit: int, *, notes_recordings: bool = False) -> None:
        """Open it; `limit` is that of all its events in bytes. Raise SpoolInUse.

        With `notes_recordings`, recordings that events tell about are listed.
        """
        self._limit, self._notes_recordings = limit, notes_recordings
        self._lock = threading.Lock()
        self._refused, self._logged = 0, -_LOG_SECONDS * 1.0
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                folder / "spool.db", timeout=1, isolation_level=None, check_same_thread=False
            )
            for setting in _SETTINGS:
                self._database.execute(f"PRAGMA {setting}")
            self._database.executescript(_TABLES)
        except (OSError, sqlite3.Error) as fault:
            raise SpoolInUse(f"the spool in {folder} cannot be opened, or another program uses it: {fault}") from None
        self._bytes = int(self._rows("SELECT coalesce(sum(size), 0) FROM events")[0][0])

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._database.close()

    def place(self, source: str) -> str:
        """Return the place up to which `source` is stored, or an empty text."""
        rows = self._rows("SELECT place FROM places WHERE source = ?", source)
        return str(rows[0][0]) if rows else ""

    def store(self, records: Sequence[CelRecord], source: str = "", place: str = "") -> None:
        """Store events and the place after them; they are on the disk when this returns. Raise SpoolFault."""
        sizes = [len(record.text.encode()) for record in records]
        if records and self._bytes + sum(sizes) > self._limit:
            self._refuse(len(records), f"its limit of {self._limit // 1_000_000} MB is reached")
        try:
            with self._transaction():
                texts = zip(sizes, (record.text for record in records))
                self._database.executemany("INSERT INTO events (size, text) VALUES (?, ?)", texts)
                self._note(records)
                if source:
                    self._database.execute("INSERT OR REPLACE INTO places VALUES (?, ?)", [source, place])
        except sqlite3.Error as fault:
            self._refuse(len(records), str(fault))
        self._bytes += sum(sizes)

    def batch(self, events: int, size: int) -> SpooledBatch:
        """Return the oldest events, up to `events` and `size` bytes; one event at least if there is any."""
        last, total = 0, 0
        texts: list[str] = []
        for number, length, text in self._rows(_NEXT, events):
            total += length + 1
            if texts and total > size:
                break
            last = number
            texts.append(text)
        return SpooledBatch(last, tuple(texts))

    def remove(self, batch: SpooledBatch) -> None:
        """Forget the events of a batch."""
        with self._transaction():
            self._database.execute("DELETE FROM events WHERE number <= ?", [batch.last])
        self._bytes -= sum(len(text.encode()) for text in batch.texts)

    def recordings(self, query: str, **values: object) -> list[tuple[Any, ...]]:
        """Run a statement on the table `recordings` in a transaction of its own, and return its rows."""
        with self._transaction():
            return self._database.execute(query, values).fetchall()

    def _note(self, records: Sequence[CelRecord]) -> None:
        now = time.time()
        for record in records if self._notes_recordings else ():
            if record.recording:
                values = [base_name(record.recording), record.recording, record.channel, now]
                self._database.execute(_BEGIN, values)
            if record.ended:
                self._database.execute(
                    "UPDATE recordings SET ended = ? WHERE channel = ? AND ended IS NULL", [now, record.ended]
                )

    def _refuse(self, count: int, reason: str) -> None:
        self._refused += count
        if time.monotonic() - self._logged >= _LOG_SECONDS:
            logger.error("the spool takes no more events, %s; %d were refused so far", reason, self._refused)
            self._logged = time.monotonic()
        raise SpoolFault(reason)

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
