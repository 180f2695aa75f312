"""The rows of a caller's passage through a queue: the passage itself, and the events that prove its course."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from chalicelib.calls.records import Row, Table, Value, filled, person_id

PASSAGES: Table = ("ivrhuntq", "huntq_calls")
_EVENTS = "ivrhuntqevents"
#: The queue took the caller in, which any event of the queue proves.
ENQUEUED = "ok"
#: An agent took the caller out of the queue; the reason says which event proves it.
ANSWERED, BY_PHONE, BY_QUEUE = "answered", "agent", "bridged"


class Offer(NamedTuple):
    """The queue's call to an agent; `at` is None where no event proves when it began."""

    at: datetime | None
    agent: str


class QueuePassage(NamedTuple):
    """A caller's stay in a queue; times are None where no event proves them.

    `started` is the first offer to an agent, `taken` the pick-up, `quit` when the caller gave up, `final` the end.
    """

    inviteid: str
    id: str
    call: str
    queue: str
    caller: str
    caller_name: str
    enqueued: datetime | None
    entered: datetime | None
    offers: Sequence[Offer]
    started: Offer | None
    taken: datetime | None
    dequeue_reason: str
    quit: datetime | None
    final: datetime | None
    stopreason: str


def queue_rows(passage: QueuePassage) -> Iterator[tuple[Table, Row]]:
    """Return the rows of one passage."""
    shared = filled(inviteid=passage.inviteid, callid=passage.call, esgdlg=passage.call)
    queue, place = filled(qid=passage.queue), filled(qid=passage.queue, huntq_id=passage.id)
    user, display = filled(from_user=passage.caller), filled(from_displayname=passage.caller_name)
    yield PASSAGES, {**shared, **place, **user, **display, **_course(passage)}
    yield from _event("queue_enqueue", passage.enqueued, shared, place, user, filled(result=ENQUEUED))
    for offer in passage.offers:
        yield from _event("queue_start_call", offer.at, shared, queue, filled(userid=offer.agent))
    by_agent = filled(result=ANSWERED, reason=BY_PHONE)
    yield from _event("queue_dequeue", passage.taken, shared, place, user, display, by_agent)
    yield from _event("queue_quit", passage.quit, shared, queue, user)
    stopped = filled(huntq_id=passage.id, stopreason=passage.stopreason)
    yield from _event("final", passage.final, shared, stopped)


def _course(passage: QueuePassage) -> Row:
    """Return when the caller entered, was served or gave up, and how it ended, as far as the events prove it."""
    return filled(
        enqueue_result=ENQUEUED if passage.entered else "",
        start_call_uid=person_id(passage.started.agent) if passage.started else "",
        dequeue_result=ANSWERED if passage.dequeue_reason else "",
        dequeue_reason=passage.dequeue_reason,
        final_stopreason=passage.stopreason,
        dt_enqueue=passage.entered,
        dt_start_call=passage.started.at if passage.started else None,
        dt_dequeue=passage.taken,
        dt_quit=passage.quit,
        dt_final=passage.final,
    )


def _event(table: str, at: Value, *facts: Row) -> Iterator[tuple[Table, Row]]:
    """Return one row of a queue's events, if its time is known: without it nothing is proven."""
    if at is not None:
        row: Row = {}
        for part in facts:
            row |= part
        yield (_EVENTS, table), row | filled(eventts=at)
