"""The answers of the surface as pydantic models, of which the OpenAPI document is made. Times are UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field


def _with_zone(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


#: A time in UTC, which the ledger has without its zone.
Moment = Annotated[datetime, AfterValidator(_with_zone)]


class DayCount(BaseModel):
    """The webhooks of one extension on one day of the site."""

    day: date
    extension: int
    name: str = Field(description="as the PBX writes it; empty for an unknown extension")
    provider: str
    accepted: int
    quarantined: int


class WebhookCounts(BaseModel):
    """The webhooks of the last days, and the dead letters of the queue, which belong to no day."""

    days: list[DayCount]
    dead_letters: int | None = Field(description="null where the queue does not say")


class EventLine(BaseModel):
    """One stored webhook in a list. Its id and its time of acceptance together identify it."""

    id: str
    accepted_at: Moment
    provider: str
    client: str
    call_id: str
    extension: int
    method: str
    bytes: int


class EventPage(BaseModel):
    """A page of stored webhooks, the newest first. `next` is the value of `before` for the next page."""

    events: list[EventLine]
    next: str | None


class CallRecord(BaseModel):
    """A record of a call: why it is what it is, and its rows in the documented tables."""

    inviteid: str
    version: int
    complete: bool
    facts: dict[str, Any]
    gone_at: Moment | None
    successor: str | None
    rows: dict[str, list[dict[str, Any]]]


class LedgerCall(BaseModel):
    """The state of a call in the ledger, and its records."""

    provider: str
    client: str
    id: str
    version: int
    open: bool
    frozen: bool
    flags: list[str]
    fault: str
    first_accepted_at: Moment
    last_accepted_at: Moment
    records: list[CallRecord]


class EventAnswer(BaseModel):
    """One stored webhook: its bytes as text where they are text, and the call that it belongs to."""

    event: EventLine
    query: str
    content_type: str
    content_encoding: str
    body: str | None = Field(description="null where the body cannot be unpacked")
    body_base64: str = Field(description="the bytes as they were received")
    notes: dict[str, str] = Field(description="what had to be guessed to read it")
    call: LedgerCall | None


class QuarantinedMessage(BaseModel):
    """A message that could not be read or stored, with the reason."""

    id: str
    quarantined_at: Moment
    provider: str
    extension: int
    reason: str
    retried_at: Moment | None


class QuarantineAnswer(BaseModel):
    """The newest messages in quarantine."""

    messages: list[QuarantinedMessage]


class MessageAnswer(BaseModel):
    """One message in quarantine: as it was queued, and the webhook's body as text."""

    message: QuarantinedMessage
    text: str
    body: str | None


class SetAsideCall(BaseModel):
    """A call that could not be written, with the reason."""

    provider: str
    client: str
    id: str
    reason: str
    last_accepted_at: Moment


class SetAsideAnswer(BaseModel):
    """The first calls that are set aside."""

    calls: list[SetAsideCall]


class Target(BaseModel):
    """The calls for one CRM by their state."""

    name: str
    counts: dict[str, int]


class ReplicationAnswer(BaseModel):
    """The state of the replication: each CRM, how far each source was read, and the latest runs."""

    targets: list[Target]
    cursors: list[dict[str, Any]]
    runs: list[dict[str, Any]]


class ReplicatedCalls(BaseModel):
    """Calls of the replication in one state, with the reason."""

    calls: list[dict[str, Any]]


class RecordingsAnswer(BaseModel):
    """Recordings, those that changed last first."""

    recordings: list[dict[str, Any]]


class ExtensionLine(BaseModel):
    """An extension with the address that its PBX posts to."""

    id: int
    provider: str
    client: str
    name: str
    type: str
    owner: str
    created_at: Moment
    revoked_at: Moment | None
    url: str


class ExtensionsAnswer(BaseModel):
    """All extensions."""

    extensions: list[ExtensionLine]


class TokenLine(BaseModel):
    """A token without its value."""

    name: str
    scopes: list[str]
    created_at: Moment | None
    last_used_at: Moment | None
    revoked_at: Moment | None


class TokensAnswer(BaseModel):
    """All tokens."""

    tokens: list[TokenLine]


class Overview(BaseModel):
    """One look at what waits for an operator."""

    queued: int | None = Field(description="messages in the event queue; null where it does not say")
    dead_letters: int | None
    quarantined: int
    set_aside: int
    open_calls: int
    recordings: dict[str, int] = Field(description="recordings by state")
    replication: list[Target]
    migration: str = Field(description="the newest migration of the database")


class Job(BaseModel):
    """Ordered work: `state` is waiting, running, done or failed; `done` of `total` steps are behind it."""

    id: str
    kind: str
    parameters: dict[str, Any]
    created_by: str
    created_at: Moment
    state: str
    done: int
    total: int | None
    failure: str
    result: dict[str, Any]


class JobsAnswer(BaseModel):
    """The latest jobs."""

    jobs: list[Job]
