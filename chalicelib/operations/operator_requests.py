"""The requests of the surface as pydantic models: filters in the address, and orders in a body."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
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
from chalicelib.operations.moments import naive_utc
from chalicelib.platform.models import DEFERRED, DeferredModel

F = TypeVar("F", bound=BaseModel)

LONGEST_PERIOD = timedelta(days=366)
IDS_LIMIT = 1_000
#: Digits of an id that PostgreSQL's bigint has in any case.
LONGEST_ID = 18


Moment = Annotated[datetime, AfterValidator(naive_utc)]


class _Request(DeferredModel):
    model_config = ConfigDict(extra="forbid")


class DaysFilter(_Request):
    """The last days of the site, today included."""

    days: int = Field(default=7, ge=1, le=31)


class EventsFilter(_Request):
    """Which stored webhooks to list. `number` and `text` are found in the body or the query."""

    extension: int | None = None
    call: str = Field(default="", max_length=255, description="the id of a call at its provider")
    number: str = Field(default="", max_length=32, pattern=r"^\+?[0-9]*$", description="digits of a number")
    text: str = Field(default="", max_length=200, description="a part of the webhook, to the letter")
    state: Literal["", "open", "closed", "set-aside", "frozen", "no-call"] = Field(
        default="", description="the state of the webhook's call: open, closed, set-aside, frozen or no-call"
    )
    since: Moment | None = None
    until: Moment | None = None
    before: str = Field(default="", max_length=80, description="`next` of the page before")
    limit: int = Field(default=50, ge=1, le=200)


class ListFilter(_Request):
    """How many to list, and in which state."""

    state: str = Field(default="", max_length=20)
    limit: int = Field(default=100, ge=1, le=1_000)


class OrdersFilter(_Request):
    """Which orders of the Oktell interface to list: those that were not taken, those of one outcome, or all."""

    outcome: Literal["", "not-taken", "waiting", "taken", "done", "failed"] = "not-taken"
    limit: int = Field(default=100, ge=1, le=1_000)


class ReplicatedFilter(_Request):
    """Which calls of the replication to list."""

    state: str = Field(default="", max_length=20, description="rejected without it")
    target: str = Field(default="", max_length=200, description="the name of a CRM")
    since: Moment | None = Field(default=None, description="calls that began then or later")
    until: Moment | None = Field(default=None, description="calls that began before")
    limit: int = Field(default=100, ge=1, le=1_000)


class FindFilter(_Request):
    """How many to list, and a text that they contain."""

    find: str = Field(default="", max_length=100)
    limit: int = Field(default=100, ge=1, le=1_000)


class AddressFilter(_Request):
    """The account of an extension, where two have its name."""

    provider: str = Field(default="", max_length=40)
    client: str = Field(default="", max_length=128)


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
    """Send dead letters of the event queue back to it: those with these ids, those of a period, or all."""

    kind: Literal["redrive"]
    ids: list[Annotated[str, Field(max_length=100)]] = Field(default=[], max_length=IDS_LIMIT)
    since: Moment | None = Field(default=None, description="webhooks that were accepted then or later")
    until: Moment | None = Field(default=None, description="webhooks that were accepted before")


class RetryRecordings(_Request):
    """Fetch recordings that failed or wait: those of these calls, or all that failed."""

    kind: Literal["retry-recordings"]
    ids: list[UUID] = Field(default=[], max_length=IDS_LIMIT)


class RetryReplication(_Request):
    """Make rejected calls of a CRM pending again, which the next run sends: those with these ids, or all."""

    kind: Literal["retry-replication"]
    target: str = Field(max_length=200)
    ids: list[StrictInt] = Field(default=[], max_length=IDS_LIMIT)


AnyOrder = Replay | RetryQuarantine | Redrive | RetryReplication | RetryRecordings
Order = Annotated[AnyOrder, Field(discriminator="kind")]
_ORDER: TypeAdapter[AnyOrder] = TypeAdapter(Order, config=DEFERRED)
KINDS = ("replay", "retry-quarantine", "redrive", "retry-replication", "retry-recordings")


def order(body: bytes) -> AnyOrder:
    """Return the order in a JSON body. Raises InvalidRequest that names the first fault."""
    try:
        return _ORDER.validate_json(body)
    except ValidationError as error:
        raise InvalidRequest(f"{_first(error)}; kind is one of {', '.join(KINDS)}") from None


def filter_of(model: type[F], parameters: Mapping[str, str]) -> F:
    """Return the parameters of an address as `model`. Raises InvalidRequest that names the first fault."""
    try:
        return model.model_validate(dict(parameters))
    except ValidationError as error:
        raise InvalidRequest(_first(error)) from None


def uuid(text: str) -> str:
    """Return an id in its usual form. Raises InvalidRequest."""
    try:
        return str(UUID(text))
    except ValueError:
        raise InvalidRequest(f"{text[:40]!r} is not a UUID") from None


def number(text: str) -> int:
    """Return the number that identifies something. Raises InvalidRequest."""
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID):
        raise InvalidRequest(f"{text[:40]!r} is not a number that identifies a contact")
    return int(text)


def _first(error: ValidationError) -> str:
    fault: Any = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in fault["loc"] if part not in KINDS)
    return f"{place}: {fault['msg']}" if place else str(fault["msg"])
