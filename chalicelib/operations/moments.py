"""Times of the surface: the ledger has them in naive UTC, people in the time of the site."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def naive_utc(moment: datetime) -> datetime:
    """Return a time as naive UTC, where a time without a zone is in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def with_zone(moment: datetime) -> datetime:
    """Return a time with its zone, where a time without one is in UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day of the site at a time, where a time without a zone is in UTC."""
    return with_zone(moment).astimezone(zone).date()
