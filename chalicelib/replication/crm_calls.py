"""A call on its way to a CRM."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

#: The longest text that a record holds; whatever is longer names nobody, and no index would take it.
TEXT_LIMIT = 255


class Record(NamedTuple):
    """One call as a CRM is told of it; CRMs know it by its first three fields.

    `initiated` is naive UTC in whole seconds, `duration` whole seconds. `reference` is what its source calls it.
    """

    initiated: datetime
    source: str
    destination: str
    duration: int
    url: str
    reference: str


class Page(NamedTuple):
    """Some calls of a source in its order, and where the next page begins.

    `read` counts what the source gave, `left_out` those of them that make no record of their own: the rules for numbers
    keep them from the CRM, or they are a part of another. The position is a text that only the source understands;
    calls before it need not be read again.
    """

    records: list[Record]
    position: str
    read: int
    left_out: int


def tidy(value: object) -> str:
    """A source's value as a text that every database takes; empty for None."""
    return "" if value is None else str(value).replace("\0", "")[:TEXT_LIMIT]
