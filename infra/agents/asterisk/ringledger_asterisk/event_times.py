"""Times of events: every form in which Asterisk writes them becomes UTC in ISO 8601, in the order of the events."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo

#: Seconds since 1970, the form without a `dateformat` in cel.conf.
_EPOCH = re.compile(r"(\d{9,11})(?:\.(\d{1,9}))?")
_DATE = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?", re.IGNORECASE
)
_START = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST_MICROSECOND = 999_999


class EventTimes:
    """Reads the times of one source, one after the other.

    Events within one second whose times have no fraction get one microsecond more each, so that their order is kept.
    """

    def __init__(self, zone: tzinfo | None) -> None:
        """Read times without an offset in `zone`, or in the machine's zone."""
        self._zone = zone
        self._last: datetime | None = None
        self._second: datetime | None = None
        self._count = 0

    def utc(self, text: str, near: datetime | None = None) -> str:
        """Return a time in UTC, such as 2026-11-28T17:40:00.000000+00:00. Raise ValueError if it is none.

        A time within the hour that occurs twice in autumn is the one that is nearer to `near`, or to the last event.
        """
        whole, fraction = self._read(text.strip(), near)
        self._last = whole
        return self._with_fraction(whole, fraction).isoformat(timespec="microseconds")

    def _read(self, text: str, near: datetime | None) -> tuple[datetime, str | None]:
        epoch = _EPOCH.fullmatch(text)
        if epoch:
            return _START + timedelta(seconds=int(epoch[1])), epoch[2]
        date = _DATE.fullmatch(text)
        if date is None:
            raise ValueError(f"{text!r} is no time: it is written 1633542834.410847 or 2021-10-06 17:53:54")
        naive = datetime.fromisoformat(f"{date[1]} {date[2]}")
        if date[4]:
            return (naive - _offset(date[4])).replace(tzinfo=timezone.utc), date[3]
        return self._of_zone(naive, near or self._last), date[3]

    def _of_zone(self, naive: datetime, near: datetime | None) -> datetime:
        first, second = (self._aware(naive.replace(fold=fold)).astimezone(timezone.utc) for fold in (0, 1))
        # A time that spring leaves out reads differently twice, too; the first reading is the usual one.
        if near is None or second <= first:
            return first
        return min(first, second, key=lambda moment: abs(moment - near))

    def _aware(self, naive: datetime) -> datetime:
        return naive.replace(tzinfo=self._zone) if self._zone else naive.astimezone()

    def _with_fraction(self, whole: datetime, fraction: str | None) -> datetime:
        if fraction is not None:
            return whole.replace(microsecond=int(fraction[:6].ljust(6, "0")))
        self._count = min(self._count + 1, _LAST_MICROSECOND) if whole == self._second else 0
        self._second = whole
        return whole.replace(microsecond=self._count)


def _offset(text: str) -> timedelta:
    digits = text[1:].replace(":", "")
    if not digits.isdecimal():
        return timedelta()
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    return -offset if text[0] == "-" else offset
