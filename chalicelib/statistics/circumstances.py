"""The circumstances in which a query runs: who asks for it, with which settings, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from chalicelib.settings import Settings
from chalicelib.statistics.execution import Notes


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Circumstances:
    """The circumstances of a query. `now` has an offset; `notes` are for the log line."""

    request_id: str
    settings: Settings
    notes: Notes
    now: datetime = field(default_factory=_now, kw_only=True)
