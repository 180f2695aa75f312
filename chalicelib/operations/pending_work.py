"""The state of everything that may wait for an operator: quarantine, calls, replication, recordings, orders."""

from __future__ import annotations

from chalicelib.envelope import reading
from chalicelib.envelope.reading import UnreadableMessage
from chalicelib.errors import Unavailable
from chalicelib.ledger import faults, quarantine
from chalicelib.ledger.quarantine import Kept
from chalicelib.oktell import call_orders
from chalicelib.operations import attention, stage_versions
from chalicelib.operations.moments import naive_utc
from chalicelib.operations.operator_answers import (
    CorrectedDayLine,
    MessageAnswer,
    OrderLine,
    OrdersAnswer,
    Overview,
    QuarantineAnswer,
    QuarantinedMessage,
    RecordingsAnswer,
    ReplicatedCalls,
    ReplicationAnswer,
    SetAsideAnswer,
    SetAsideCall,
    Target,
)
from chalicelib.operations.operator_requests import OrdersFilter, ReplicatedFilter
from chalicelib.platform import dead_letters, queues
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import administration
from chalicelib.replication import correction_rows, overview
from chalicelib.replication.overview import CallFilter
from chalicelib.settings import Settings

RUNS_LISTED = 20
CORRECTIONS_LISTED = 20

_COUNTS = """
SELECT (SELECT count(*) FROM ledger.quarantine WHERE retried_at IS NULL),
    (SELECT count(*) FROM ledger.calls WHERE fault <> ''),
    (SELECT count(*) FROM ledger.calls WHERE open)
"""
_RECORDINGS = "SELECT state, count(*) FROM ledger.recordings WHERE state <> 'none' GROUP BY state ORDER BY state"


def everything(database: Connection, current: Settings) -> Overview:
    """Return one look at what waits for an operator."""
    quarantined, set_aside, open_calls = database.execute(_COUNTS)[0]
    known = stage_versions.of(database)
    orders = call_orders.status(database)
    now = Overview(
        healthy=True,
        attention=[],
        queued=queued(current),
        dead_letters=dead(current),
        quarantined=quarantined,
        set_aside=set_aside,
        open_calls=open_calls,
        recordings=dict(database.execute(_RECORDINGS)),
        replication=_targets(database),
        orders_waiting=call_orders.waiting(database),
        orders_not_taken=orders.not_taken,
        migration=known["migration"],
        versions=known,
    )
    found = attention.needed(now)
    return now.model_copy(update={"healthy": not found, "attention": found})


def queued(current: Settings) -> int | None:
    """Return about how many messages the event queue has; None where it does not say."""
    try:
        return queues.count(current.events_queue_url) if current.events_queue_url else None
    except Unavailable:
        return None


def dead(current: Settings) -> int | None:
    """Return about how many dead letters the event queue has; None where it does not say."""
    try:
        return dead_letters.count(current.events_queue_url) if current.events_queue_url else None
    except Unavailable:
        return None


def quarantined(database: Connection, *, everything: bool, limit: int) -> QuarantineAnswer:
    """Return the newest messages that wait; with `everything`, also those that were retried."""
    kept = quarantine.listing(database, everything=everything, limit=limit)
    return QuarantineAnswer(messages=[_message(each) for each in kept])


def message(database: Connection, identity: str) -> MessageAnswer:
    """Return one message in quarantine. Raises NotInQuarantine."""
    kept = quarantine.find(database, identity)
    text = kept.message.decode(errors="replace")
    try:
        body = reading.read(text).raw.body.decode(errors="backslashreplace")
    except UnreadableMessage:
        body = None
    return MessageAnswer(message=_message(kept), text=text, body=body)


def set_aside(database: Connection, limit: int) -> SetAsideAnswer:
    """Return the calls that are set aside."""
    calls = [
        SetAsideCall(**fault.call._asdict(), reason=fault.reason, last_accepted_at=last)
        for fault, last in faults.listing(database, limit)
    ]
    return SetAsideAnswer(calls=calls)


def replication(database: Connection) -> ReplicationAnswer:
    """Return the state of each CRM, how far its sources were read, the latest corrections and runs."""
    corrections = correction_rows.latest(database, CORRECTIONS_LISTED)
    return ReplicationAnswer(
        targets=_targets(database),
        corrections=[CorrectedDayLine(**each._asdict()) for each in corrections],
        cursors=[cursor._asdict() for cursor in overview.cursors(database)],
        runs=[run._asdict() for run in overview.latest(database, RUNS_LISTED)],
    )


def replicated(database: Connection, wanted: ReplicatedFilter) -> ReplicatedCalls:
    """Return the calls of the replication in one of overview.STATES."""
    chosen = CallFilter(wanted.state, wanted.target, wanted.since, wanted.until)
    return ReplicatedCalls(calls=[row._asdict() for row in overview.listing(database, chosen, wanted.limit)])


def recordings(database: Connection, state: str, limit: int) -> RecordingsAnswer:
    """Return the recordings in one of administration.STATES, or of all states."""
    listed = administration.recordings(database, state, limit)
    return RecordingsAnswer(recordings=[row._asdict() for row in listed])


def orders(database: Connection, wanted: OrdersFilter) -> OrdersAnswer:
    """Return orders of the Oktell interface; those that were not taken are the withdrawn ones."""
    outcome = call_orders.WITHDRAWN if wanted.outcome == "not-taken" else wanted.outcome
    listed = call_orders.listing(database, outcome, wanted.limit)
    return OrdersAnswer(orders=[OrderLine(**row._asdict()) for row in listed])


def _targets(database: Connection) -> list[Target]:
    return [
        Target(name=each.target, counts={name: number for name, number in each._asdict().items() if name != "target"})
        for each in overview.targets(database)
    ]


def _message(kept: Kept) -> QuarantinedMessage:
    return QuarantinedMessage(
        id=kept.id,
        quarantined_at=naive_utc(kept.quarantined_at),
        provider=kept.provider,
        extension=kept.extension,
        reason=kept.reason,
        retried_at=naive_utc(kept.retried_at) if kept.retried_at else None,
    )
