"""The parameters of the phone-call service as pydantic models. Every wrong parameter is reported by name at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, ValidationInfo

from chalicelib.calls.events import CallKey
from chalicelib.calls.numbers import dialable, digits
from chalicelib.calls.records import SECONDS_LIMIT, call_id
from chalicelib.errors import RingledgerError
from chalicelib.platform.models import DeferredModel

PROVIDER = "nimbox"
#: The width of src and dst in an Asterisk's CDR table.
LONGEST_NUMBER = 80
LONGEST_URL = 4_096
FIRST_YEAR, LAST_YEAR = 1970, 2099

_LINK = re.compile(r"https?://[^\s\x00-\x1f\x7f\"<>\\]+", re.IGNORECASE)
_FORMATTING = re.compile(r"[^0-9+*#]")
# A plus sign that the sender did not encode. NiMbox's script does not encode times.
_LOST_PLUS = re.compile(r"(?<=[0-9]) (?=[0-9]{2}:?[0-9]{2}$)")
_TIME = re.compile(r"[T ][0-9]{2}")
_WHOLE = re.compile(r"[0-9]{1,10}")


Model = TypeVar("Model", bound=BaseModel)


class BadParameters(RingledgerError):
    """Parameters are missing or wrong."""

    code = "bad-parameters"
    status = 200

    def __init__(self, faults: Mapping[str, str]) -> None:
        """Store the error text of each parameter."""
        self.faults = dict(faults)
        super().__init__()


@dataclass(frozen=True)
class Clock:
    """The time zone of times that name none. With `z_is_local`, a `Z` does not name a zone either."""

    zone: ZoneInfo
    z_is_local: bool = False

    def instant(self, text: str) -> datetime:
        """Return a date and time in ISO 8601 as naive UTC. Raise ValueError."""
        text = _LOST_PLUS.sub("+", text.strip().upper())
        moment = datetime.fromisoformat(text)
        if not _TIME.search(text):
            raise ValueError("there is no time of day")
        if moment.tzinfo is None or (self.z_is_local and text.endswith("Z")):
            moment = moment.replace(tzinfo=self.zone)
        return moment.astimezone(UTC).replace(tzinfo=None)

    def midnight(self, day: date) -> datetime:
        """Return the begin of a day at the site, as naive UTC."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC).replace(tzinfo=None)


def _printable(text: str) -> str:
    # PostgreSQL stores neither NUL nor lone surrogates, and Python's dates end at a NUL.
    if not text.isprintable():
        raise ValueError("holds characters that cannot be shown")
    return text


def _initiated(text: str, clock: Clock) -> datetime:
    expected = "a date and time in ISO 8601, such as 2012-08-23T12:20:33"
    if not text.strip():
        raise ValueError(f"is missing: {expected}")
    try:
        instant = clock.instant(text)
    except (ValueError, OverflowError):
        raise ValueError(f"is not {expected}") from None
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise ValueError(f"is not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return instant


def _number(text: str, _clock: Clock) -> str:
    if not text.strip():
        raise ValueError("is missing: a telephone number")
    number = dialable(text)
    # Leaving out digits of other scripts would make another number.
    if len(number) > LONGEST_NUMBER or not (number.isascii() and digits(number)):
        raise ValueError(f"is not a telephone number with digits, of {LONGEST_NUMBER} characters at most")
    return _FORMATTING.sub("", number)


def _duration(text: str, _clock: Clock) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not _WHOLE.fullmatch(text) or int(text) > SECONDS_LIMIT:
        raise ValueError(f"is not a whole number of seconds from 0 to {SECONDS_LIMIT}")
    return int(text)


def _url(text: str, _clock: Clock) -> str:
    if len(text) > LONGEST_URL:
        raise ValueError(f"has {len(text)} characters; it may have {LONGEST_URL}")
    return text


def _midnight(text: str, clock: Clock, days: int = 0) -> datetime:
    """Return the begin of the day that is `days` after the named day."""
    expected = "a date in ISO 8601 without hours, such as 2012-08-23"
    if not text.strip():
        raise ValueError(f"is missing: {expected}")
    try:
        return clock.midnight(date.fromisoformat(text.strip()) + timedelta(days))
    except (ValueError, OverflowError):
        raise ValueError(f"is not {expected}") from None


def _read(reader: Callable[[str, Clock], Any]) -> PlainValidator:
    """Read a text with the clock of the validation. pydantic's own datetime would take "20261120" as seconds."""

    def validate(text: str, info: ValidationInfo) -> Any:  # noqa: ANN401 - each reader returns its own type
        clock: Any = info.context
        return reader(_printable(text), clock)

    return PlainValidator(validate)


class Phonecall(DeferredModel):
    """The parameters of `create`: one phone call.

    `initiated` is naive UTC. Numbers are digits and `+*#`. `duration` is in seconds, or None if it is unknown. `url` is
    the text that the client sent.
    """

    model_config = ConfigDict(frozen=True)

    initiated: Annotated[datetime, _read(_initiated)]
    source: Annotated[str, _read(_number)]
    destination: Annotated[str, _read(_number)]
    duration: Annotated[int | None, _read(_duration)]
    url: Annotated[str, _read(_url)]

    @property
    def inviteid(self) -> UUID:
        """Return the id of the call's record in the ledger. Equal calls have equal ids."""
        key = f"{self.initiated.isoformat()} {digits(self.source)} {digits(self.destination)}"
        return UUID(call_id(CallKey(PROVIDER, "", key)))

    @property
    def link(self) -> str:
        """Return the url if it is safe to show as a link, else an empty text (`javascript:` is not safe)."""
        return self.url if _LINK.fullmatch(self.url) else ""


class Period(DeferredModel):
    """The parameters of `delete`: the days between two dates, both exclusive, as naive UTC."""

    since: Annotated[datetime, _read(lambda text, clock: _midnight(text, clock, days=1))] = Field(alias="from")
    until: Annotated[datetime, _read(_midnight)] = Field(alias="to")


def phonecall(parameters: Mapping[str, str], clock: Clock) -> Phonecall:
    """Return the call that the parameters of `create` describe. Raise BadParameters."""
    return _validated(Phonecall, parameters, clock)


def period(parameters: Mapping[str, str], clock: Clock) -> tuple[datetime, datetime]:
    """Return the first moment that `delete` removes and the first moment after it. Raise BadParameters."""
    days = _validated(Period, parameters, clock)
    return days.since, days.until


def _validated(model: type[Model], parameters: Mapping[str, str], clock: Clock) -> Model:
    names = [field.alias or name for name, field in model.model_fields.items()]
    try:
        return model.model_validate({name: parameters.get(name, "") for name in names}, context=clock)
    except ValidationError as error:
        faults = {str(each["loc"][0]): str(each["ctx"]["error"]) for each in error.errors()}
        raise BadParameters(faults) from None
