"""Calls as a CRM receives them, and pages of them."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

#: The longest text of a record, in characters. A longer text is no number, and an index does not take it.
TEXT_LIMIT = 255


class Record(NamedTuple):
    """One call as a CRM receives it. A CRM identifies it by the first three fields.

    `initiated` is naive UTC in whole seconds, `duration` is in whole seconds. `reference` is the id in its source.
    """

    initiated: datetime
    source: str
    destination: str
    duration: int
    url: str
    reference: str


class Page(NamedTuple):
    """Some calls of a source in its order, and the position where the next page begins.

    `read` counts the rows of the source. `left_out` counts rows without a record of their own: the rules for numbers
    exclude them, or they belong to another call. Only the source reads the position; calls before it are done.
    """

    records: list[Record]
    position: str
    read: int
    left_out: int


def tidy(value: object) -> str:
    """Return a value of a source as a text that PostgreSQL stores. Return an empty text for None."""
    return "" if value is None else str(value).replace("\0", "")[:TEXT_LIMIT]
