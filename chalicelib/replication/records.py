"""A call on its way to a CRM."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple


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

    `read` counts what the source gave, `left_out` those of them that the rules for numbers keep from the CRM. The
    position is a text that only the source understands; calls before it need not be read again.
    """

    records: list[Record]
    position: str
    read: int
    left_out: int
