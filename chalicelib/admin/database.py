"""The owner's database session and the folder with its SQL files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chalicelib.platform.postgres import Connection

SQL = Path(__file__).parents[2] / "infra" / "database"

# The number of the advisory lock that only administrators' sessions use.
LOCK = 7_464_530_001


@contextmanager
def owner_session(database_url: str) -> Iterator[Connection]:
    """Open a connection of the owner after any other such session on this database has ended.

    The lock belongs to the session, because the work takes several transactions. Closing the connection releases it.
    """
    owner = Connection(database_url)
    try:
        owner.execute("SELECT pg_catalog.pg_advisory_lock(%s)", [LOCK])
        yield owner
    finally:
        owner.close()


def text_of(path: Path) -> str:
    """Return the SQL text of a file."""
    return path.read_text(encoding="utf-8")
