"""The list of received faxes, for operators: who reads it needs no access to the files."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from chalicelib.platform.postgres import Connection

_NEWEST = """
SELECT id::text, name, content_type, added_at FROM ledger.faxes
WHERE added_at >= coalesce(%s::timestamptz, '-infinity') ORDER BY added_at DESC LIMIT %s
"""


class ListedFax(NamedTuple):
    """A fax in the list: its id, its file name, its content type, and when it was added."""

    id: str
    name: str
    content_type: str
    added_at: datetime


def newest(database: Connection, since: datetime | None, limit: int) -> list[ListedFax]:
    """Return the faxes that were added last, the newest first: those since a time, or all."""
    return [ListedFax(*row) for row in database.execute(_NEWEST, [since, limit])]
