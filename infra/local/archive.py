"""A store of things that change: what differs from the last time is written, what is gone is forgotten.

One SQLite file, a row a thing. The rows are pickles: nobody else writes the data folder that they lie in.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

TABLE = """
CREATE TABLE IF NOT EXISTS things (
    kind TEXT, owner TEXT, name TEXT, fields BLOB, PRIMARY KEY (kind, owner, name)
)
"""
STORE = """
INSERT INTO things VALUES (?, ?, ?, ?)
ON CONFLICT (kind, owner, name) DO UPDATE SET fields = excluded.fields
"""
FORGET = "DELETE FROM things WHERE kind = ? AND owner = ? AND name = ?"
# A row that is stored again keeps its place: this is the order in which things came.
READ = "SELECT owner, name, fields FROM things WHERE kind = ? ORDER BY rowid"

Fields = dict[str, Any]


class Identity(NamedTuple):
    """What a thing is called: its kind, what it lies in, and its own name there."""

    kind: str
    owner: str
    name: str


@dataclass(frozen=True)
class Thing:
    """A thing as it is now: `mark` differs whenever the fields do, and is cheaper than they are."""

    mark: object
    fields: Callable[[], Fields]


class Archive:
    """The things of one SQLite file."""

    def __init__(self, path: Path) -> None:
        """Open `path`, which is made when it is missing."""
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(TABLE)
        self._marks: dict[Identity, object] = {}

    def read(self, kind: str) -> Iterator[tuple[str, str, Fields]]:
        """Owner, name and fields of every thing of `kind`, in the order in which they came."""
        for owner, name, fields in self._connection.execute(READ, (kind,)).fetchall():
            yield owner, name, pickle.loads(fields)  # noqa: S301 - our own file in our own folder

    def save(self, things: Mapping[Identity, Thing]) -> None:
        """Make the file hold `things` and nothing else, in one transaction."""
        changed = [identity for identity, thing in things.items() if self._marks.get(identity) != thing.mark]
        rows = [(*identity, pickle.dumps(things[identity].fields())) for identity in changed]
        with self._connection:
            self._connection.executemany(STORE, rows)
            self._connection.executemany(FORGET, self._marks.keys() - things.keys())
        self._marks = {identity: thing.mark for identity, thing in things.items()}

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
