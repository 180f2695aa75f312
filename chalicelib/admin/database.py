"""What all of the administrator's work on the database shares: the owner's session and where its SQL lies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chalicelib.platform.postgres import Connection

SQL = Path(__file__).parents[2] / "infra" / "database"

# Any number of our own: administrators' sessions meet on it, nothing else does.
LOCK = 7_464_530_001


@contextmanager
def owner_session(database_url: str) -> Iterator[Connection]:
    """A connection of the owner's that waits until no other such session works on this database.

    The lock is the session's, since work under it takes several transactions; closing releases it.
    """
    owner = Connection(database_url)
    try:
        owner.execute("SELECT pg_catalog.pg_advisory_lock(%s)", [LOCK])
        yield owner
    finally:
        owner.close()


def text_of(path: Path) -> str:
    """The SQL in a file."""
    return path.read_text(encoding="utf-8")
