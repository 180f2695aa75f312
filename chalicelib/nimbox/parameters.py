"""The parameters of the phone-call service: each read by its rule, all faults told at once, by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from chalicelib.calls.events import CallKey
from chalicelib.calls.numbers import dialable, digits
from chalicelib.calls.records import SECONDS_LIMIT, call_id
from chalicelib.errors import RingledgerError

PROVIDER = "nimbox"
#: The width of src and dst in an Asterisk's cdr.
LONGEST_NUMBER = 80
LONGEST_URL = 4_096
FIRST_YEAR, LAST_YEAR = 1970, 2099

_LINK = re.compile(r"https?://[^\s\x00-\x1f\x7f\"<>\\]+", re.IGNORECASE)
_FORMATTING = re.compile(r"[^0-9+*#]")
# A plus that the sender did not encode; the known script encodes no time.
_LOST_PLUS = re.compile(r"(?<=[0-9]) (?=[0-9]{2}:?[0-9]{2}$)")
_TIME = re.compile(r"[T ][0-9]{2}")
_WHOLE = re.compile(r"[0-9]{1,10}")

Reader = Callable[[str], Any]


class BadParameters(RingledgerError):
    """Parameters are missing or cannot be used."""

    code = "bad-parameters"
    status = 200

    def __init__(self, faults: Mapping[str, str]) -> None:
        """Say of each parameter what is wrong with it."""
        self.faults = dict(faults)
        super().__init__()


@dataclass(frozen=True)
class Phonecall:
    """A phone call as its sender tells it.

    `initiated` is naive UTC; numbers are digits and `+*#`; `duration` is seconds, None when nobody told; `url` is as
    it came.
    """

    initiated: datetime
    source: str
    destination: str
    duration: int | None
    url: str

    @property
    def inviteid(self) -> UUID:
        """The id of its record in the ledger, the same however often it is made."""
        key = f"{self.initiated.isoformat()} {digits(self.source)} {digits(self.destination)}"
        return UUID(call_id(CallKey(PROVIDER, "", key)))

    @property
    def link(self) -> str:
        """The url if it may be shown as a link, else nothing: `javascript:` and the like are text."""
        return self.url if _LINK.fullmatch(self.url) else ""


@dataclass(frozen=True)
class Clock:
    """How times without a zone are read; with `z_is_local` a `Z` says nothing about the zone."""

    zone: ZoneInfo
    z_is_local: bool = False

    def instant(self, text: str) -> datetime:
        """The naive UTC of a date and time in ISO 8601. Raises ValueError."""
        text = _LOST_PLUS.sub("+", text.strip().upper())
        moment = datetime.fromisoformat(text)
        if not _TIME.search(text):
            raise ValueError("there is no time of day")
        if moment.tzinfo is None or (self.z_is_local and text.endswith("Z")):
            moment = moment.replace(tzinfo=self.zone)
        return moment.astimezone(UTC).replace(tzinfo=None)

    def midnight(self, day: date) -> datetime:
        """The naive UTC at which a day of the site begins."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC).replace(tzinfo=None)


def phonecall(given: Mapping[str, str], clock: Clock) -> Phonecall:
    """The call that the parameters of `create` describe. Raises BadParameters."""
    readers: dict[str, Reader] = {
        "initiated": lambda text: _initiated(text, clock),
        "source": _number,
        "destination": _number,
        "duration": _duration,
        "url": _url,
    }
    return Phonecall(**_read(given, readers))


def period(given: Mapping[str, str], clock: Clock) -> tuple[datetime, datetime]:
    """The first moment that `delete` concerns and the first after it, naive UTC: both days are exclusive.

    Raises BadParameters.
    """
    readers: dict[str, Reader] = {
        "from": lambda text: _midnight(text, clock, days=1),
        "to": lambda text: _midnight(text, clock),
    }
    bounds = _read(given, readers)
    return bounds["from"], bounds["to"]


def _read(given: Mapping[str, str], readers: Mapping[str, Reader]) -> dict[str, Any]:
    values, faults = {}, {}
    for name, read in readers.items():
        try:
            values[name] = read(_shown(given.get(name, "")))
        except ValueError as fault:
            faults[name] = str(fault)
    if faults:
        raise BadParameters(faults)
    return values


def _shown(text: str) -> str:
    # PostgreSQL keeps no NUL and no half of a character, and Python's dates end at a NUL.
    if not text.isprintable():
        raise ValueError("holds characters that cannot be shown")
    return text


def _initiated(text: str, clock: Clock) -> datetime:
    wanted = "a date and time in ISO 8601, such as 2012-08-23T12:20:33"
    if not text.strip():
        raise ValueError(f"is missing: {wanted}")
    try:
        instant = clock.instant(text)
    except (ValueError, OverflowError):
        raise ValueError(f"is not {wanted}") from None
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"is not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return instant


def _number(text: str) -> str:
    if not text.strip():
        raise ValueError("is missing: a telephone number")
    number = dialable(text)
    # Digits of other scripts would silently be left out, which makes another number.
    if len(number) > LONGEST_NUMBER or not (number.isascii() and digits(number)):
        raise ValueError(f"is not a telephone number with digits, of {LONGEST_NUMBER} characters at most")
    return _FORMATTING.sub("", number)


def _duration(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not _WHOLE.fullmatch(text) or int(text) > SECONDS_LIMIT:
        raise ValueError(f"is not a whole number of seconds from 0 to {SECONDS_LIMIT}")
    return int(text)


def _url(text: str) -> str:
    if len(text) > LONGEST_URL:
        raise ValueError(f"has {len(text)} characters; it may have {LONGEST_URL}")
    return text


def _midnight(text: str, clock: Clock, days: int = 0) -> datetime:
    """When the day begins that comes so many `days` after the one named."""
    wanted = "a date in ISO 8601 without hours, such as 2012-08-23"
    if not text.strip():
        raise ValueError(f"is missing: {wanted}")
    try:
        return clock.midnight(date.fromisoformat(text.strip()) + timedelta(days))
    except (ValueError, OverflowError):
        raise ValueError(f"is not {wanted}") from None
