"""Months of naive UTC times."""

from __future__ import annotations

from datetime import datetime


def month_after(moment: datetime, distance: int) -> datetime:
    """Return the first day of the month that is `distance` months after the month of `moment`."""
    count = moment.year * 12 + moment.month - 1 + distance
    return datetime(count // 12, count % 12 + 1, 1)  # noqa: DTZ001 - naive UTC
