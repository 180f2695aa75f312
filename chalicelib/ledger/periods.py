"""The times of rows by the months that their record names. It imports little, since a click on a recording needs it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

#: The partition of rows without a time, and of those of months without a partition of their own.
REST = "rest"


def period(months: Collection[str]) -> tuple[datetime, datetime] | None:
    """Return the beginning of the first month and the end of the last one; None where rows may have any time.

    A query that states this period, as constants, reads no other partitions.
    """
    if not months or REST in months:
        return None
    first, last = (datetime.strptime(month, "%Y_%m") for month in (min(months), max(months)))  # noqa: DTZ007 - naive UTC
    return first, (last + timedelta(days=31)).replace(day=1)
