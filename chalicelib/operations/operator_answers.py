"""The answers of the surface as pydantic models, of which the OpenAPI document is made. Times are UTC."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from chalicelib.operations.moments import with_zone
from chalicelib.platform.models import DeferredModel

#: A time in UTC, which the ledger has without its zone.
Moment = Annotated[datetime, AfterValidator(with_zone)]


class DayCount(DeferredModel):
    """The webhooks of one extension on one day of the site."""

    day: date
    extension: int
    name: str = Field(description="as the PBX writes it; empty for an unknown extension")
    provider: str
    accepted: int
    quarantined: int
    dead: int = Field(description="dead letters that were accepted on this day, of the first 500")


class WebhookCounts(DeferredModel):
    """The webhooks of the last days, and the number of all dead letters."""

    days: list[DayCount]
    dead_letters: int | None = Field(description="null where the queue does not say")


class EventLine(DeferredModel):
    """One stored webhook in a list. Its id and its time of acceptance together identify it."""

    id: str
    accepted_at: Moment
    provider: str
    client: str
    call_id: str
    extension: int
    method: str
    bytes: int
    state: str = Field(description="open, closed, set-aside or frozen as its call is, or no-call")


class EventPage(DeferredModel):
    """A page of stored webhooks, the newest first. `next` is the value of `before` for the next page."""

    events: list[EventLine]
    next: str | None


class CallRecord(DeferredModel):
    """A record of a call: why it is what it is, and its rows in the documented tables."""

    inviteid: str
    version: int
    complete: bool
    facts: dict[str, Any]
    gone_at: Moment | None
    successor: str | None
    rows: dict[str, list[dict[str, Any]]]


class LedgerCall(DeferredModel):
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


class EventAnswer(DeferredModel):
    """One stored webhook: its bytes as text where they are text, and the call that it belongs to."""

    event: EventLine
    query: str
    content_type: str
    content_encoding: str
    body: str | None = Field(description="null where the body cannot be unpacked")
    body_base64: str = Field(description="the bytes as they were received")
    notes: dict[str, str] = Field(description="what had to be guessed to read it")
    call: LedgerCall | None


class QuarantinedMessage(DeferredModel):
    """A message that could not be read or stored, with the reason."""

    id: str
    quarantined_at: Moment
    provider: str
    extension: int
    reason: str
    retried_at: Moment | None


class QuarantineAnswer(DeferredModel):
    """The newest messages in quarantine."""

    messages: list[QuarantinedMessage]


class MessageAnswer(DeferredModel):
    """One message in quarantine: as it was queued, and the webhook's body as text."""

    message: QuarantinedMessage
    text: str
    body: str | None


class DeadLetterLine(DeferredModel):
    """A message that the event queue delivered too often without success, and why, as far as it can be known."""

    id: str
    accepted_at: Moment
    provider: str
    extension: int
    event: str = Field(description="the id of the webhook; empty where the message has none")
    receives: int
    bytes: int
    reason: str


class DeadLettersAnswer(DeferredModel):
    """The newest dead letters, of the first 500 that the queue gives, and about how many there are."""

    dead_letters: list[DeadLetterLine]
    count: int


class DeadLetterAnswer(DeferredModel):
    """One dead letter: as it is queued, and the webhook's query and body as text."""

    dead_letter: DeadLetterLine
    text: str
    query: str
    body: str | None


class SetAsideCall(DeferredModel):
    """A call that could not be written, with the reason."""

    provider: str
    client: str
    id: str
    reason: str
    last_accepted_at: Moment


class SetAsideAnswer(DeferredModel):
    """The first calls that are set aside."""

    calls: list[SetAsideCall]


class Target(DeferredModel):
    """The calls for one CRM by their state."""

    name: str
    counts: dict[str, int]


class CorrectedDayLine(DeferredModel):
    """A day of calls that was deleted at a CRM, to create them again as they are now."""

    target: str
    day: date
    state: str = Field(description="corrected, refused, repeated by a later correction, at-work or broke-off")
    known: int | None = Field(description="the calls of the day that the CRM had, by the ledger")
    deleted: int | None = Field(description="the calls that the CRM says it has deleted")
    started_at: Moment
    ended_at: Moment | None
    reason: str = Field(description="the words of the refusal")


class ReplicationAnswer(DeferredModel):
    """The state of the replication: each CRM, how far each source was read, the latest corrections and runs."""

    targets: list[Target]
    corrections: list[CorrectedDayLine]
    cursors: list[dict[str, Any]]
    runs: list[dict[str, Any]]


class ReplicatedCalls(DeferredModel):
    """Calls of the replication in one state, with the reason."""

    calls: list[dict[str, Any]]


class RecordingsAnswer(DeferredModel):
    """Recordings, those that changed last first."""

    recordings: list[dict[str, Any]]


class Attention(DeferredModel):
    """Something that needs an operator: a figure above its limit, and what to do."""

    name: str
    figure: int
    advice: str


class Overview(DeferredModel):
    """One look at what waits for an operator. It is healthy when nothing needs attention."""

    healthy: bool
    attention: list[Attention]

    queued: int | None = Field(description="messages in the event queue; null where it does not say")
    dead_letters: int | None
    quarantined: int
    set_aside: int
    open_calls: int
    recordings: dict[str, int] = Field(description="recordings by state")
    replication: list[Target]
    orders_waiting: int
    orders_not_taken: int = Field(description="orders of the last day that no agent program took")
    migration: str = Field(description="the newest migration of the database")
    versions: dict[str, str] = Field(description="of ringledger, migration, postgresql and python")


class OrderLine(DeferredModel):
    """An order of the Oktell interface to an agent program. `withdrawn` means that none took it in time."""

    id: str
    command: str
    integration: str
    user: str = Field(description="the login of the user whose phone it concerns; empty for a removed user")
    ordered_at: Moment
    expires_at: Moment
    outcome: str
    taken_by: str
    taken_at: Moment | None
    ended_at: Moment | None
    reason: str
    call_id: str


class OrdersAnswer(DeferredModel):
    """Orders, the newest first."""

    orders: list[OrderLine]


class Job(DeferredModel):
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


class JobsAnswer(DeferredModel):
    """The latest jobs."""

    jobs: list[Job]
