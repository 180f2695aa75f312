"""The requests of the surface as pydantic models: filters in the address, and orders in a body."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from chalicelib.errors import InvalidRequest

F = TypeVar("F", bound=BaseModel)

LONGEST_PERIOD = timedelta(days=366)
IDS_LIMIT = 1_000


def naive_utc(moment: datetime) -> datetime:
    """Return a time as naive UTC, where a time without a zone is in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


Moment = Annotated[datetime, AfterValidator(naive_utc)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DaysFilter(_Request):
    """The last days of the site, today included."""

    days: int = Field(default=7, ge=1, le=31)


class EventsFilter(_Request):
    """Which stored webhooks to list. `number` finds digits in the body or the query."""

    extension: int | None = None
    call: str = Field(default="", max_length=255)
    number: str = Field(default="", max_length=32, pattern=r"^\+?[0-9]*$")
    since: Moment | None = None
    until: Moment | None = None
    before: str = Field(default="", max_length=80, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=200)


class ListFilter(_Request):
    """How many to list, and in which state."""

    state: str = Field(default="", max_length=20)
    limit: int = Field(default=100, ge=1, le=1_000)


class Replay(_Request):
    """Rebuild the rows of calls whose webhooks were accepted in a period."""

    kind: Literal["replay"]
    since: Moment
    until: Moment
    provider: str = Field(default="", max_length=40)

    @model_validator(mode="after")
    def _in_order(self) -> Replay:
        if not self.since < self.until <= self.since + LONGEST_PERIOD:
            raise ValueError("until must be after since, by 366 days at the most")
        return self


class RetryQuarantine(_Request):
    """Try messages in quarantine again: those with these ids, or all that wait."""

    kind: Literal["retry-quarantine"]
    ids: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=IDS_LIMIT)


class Redrive(_Request):
    """Send the dead letters of the event queue back to it."""

    kind: Literal["redrive"]


class RetryReplication(_Request):
    """Make rejected calls of a CRM pending again, which the next run sends: those with these ids, or all."""

    kind: Literal["retry-replication"]
    target: str = Field(max_length=200)
    ids: list[StrictInt] = Field(default=[], max_length=IDS_LIMIT)


Order = Annotated[Replay | RetryQuarantine | Redrive | RetryReplication, Field(discriminator="kind")]
_ORDER: TypeAdapter[Replay | RetryQuarantine | Redrive | RetryReplication] = TypeAdapter(Order)
KINDS = ("replay", "retry-quarantine", "redrive", "retry-replication")


def order(body: bytes) -> Replay | RetryQuarantine | Redrive | RetryReplication:
    """Return the order in a JSON body. Raises InvalidRequest that names the first fault."""
    try:
        return _ORDER.validate_json(body)
    except ValidationError as error:
        raise InvalidRequest(f"{_first(error)}; kind is one of {', '.join(KINDS)}") from None


def filter_of(model: type[F], parameters: dict[str, str]) -> F:
    """Return the parameters of an address as `model`. Raises InvalidRequest that names the first fault."""
    try:
        return model.model_validate(parameters)
    except ValidationError as error:
        raise InvalidRequest(_first(error)) from None


def uuid(text: str) -> str:
    """Return an id in its usual form. Raises InvalidRequest."""
    try:
        return str(UUID(text))
    except ValueError:
        raise InvalidRequest(f"{text[:40]!r} is not a UUID") from None


def _first(error: ValidationError) -> str:
    fault: Any = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in fault["loc"] if part not in KINDS)
    return f"{place}: {fault['msg']}" if place else str(fault["msg"])
