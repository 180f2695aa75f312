"""A Telphin call's passages through queues: one row a queue, and the events that prove its course."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from chalicelib.calls.legs import QUEUE, Leg
from chalicelib.calls.pbx import Call
from chalicelib.calls.records import Row, Table, Value, filled, part_id

PASSAGES: Table = ("ivrhuntq", "huntq_calls")
_EVENTS = "ivrhuntqevents"


def passages(call: Call) -> Iterator[tuple[Table, Row]]:
    """The rows of each queue that the call came through."""
    queues: dict[str, list[Leg]] = defaultdict(list)
    for leg in call.machines:
        if leg.device == QUEUE:
            queues[leg.extension].append(leg)
    for name, legs in queues.items():
        yield from _passage(call, name, legs)


def _passage(call: Call, name: str, legs: list[Leg]) -> Iterator[tuple[Table, Row]]:
    # A queue's legs are the caller's way into it, and its own calls to agents.
    entry = [leg for leg in legs if leg.incoming] or legs
    offers = [leg for leg in legs if not leg.incoming and leg.dialled]
    course = _course(call, entry, offers, bridged=any(leg.bridged for leg in legs))
    shared = _shared(call, entry[0])
    place = filled(qid=name, huntq_id=part_id(call.key, "queue", name))
    user, display = filled(from_user=entry[0].a), filled(from_displayname=entry[0].a_name)
    yield PASSAGES, {**shared, **place, **user, **display, **course}
    yield from _event("queue_enqueue", entry[0].dialled, shared, place, user)
    for offer in offers:
        yield from _event("queue_start_call", offer.dialled, shared, filled(qid=name, userid=offer.b))
    taken, left, final = course.get("dt_dequeue"), course.get("dt_quit"), course.get("dt_final")
    yield from _event("queue_dequeue", taken, shared, place, user, display, filled(result="answered"))
    yield from _event("queue_quit", left, shared, filled(qid=name), user)
    stopped = filled(huntq_id=place["huntq_id"], stopreason=course.get("final_stopreason"))
    yield from _event("final", final, shared, stopped)


def _course(call: Call, entry: list[Leg], offers: list[Leg], *, bridged: bool) -> Row:
    """When the caller entered, was served or gave up, and how it ended, as far as the events prove it."""
    ended = [(leg.ended, leg.id, leg.status) for leg in entry if leg.ended]
    final, _id, status = max(ended, default=(None, "", ""))
    gave_up = not bridged and any(leg.bridged is False for leg in entry)
    return filled(
        dequeue_result="answered" if bridged else "",
        final_stopreason=status,
        dt_enqueue=entry[0].began if entry[0].incoming else None,
        dt_start_call=min((leg.since for leg in offers), default=None),
        dt_dequeue=_taken(call, entry[0], final) if bridged else None,
        dt_quit=final if gave_up else None,
        dt_final=final,
    )


def _shared(call: Call, queue: Leg) -> Row:
    return filled(inviteid=call.home(queue), callid=call.key.id, esgdlg=call.key.id)


def _taken(call: Call, queue: Leg, final: datetime | None) -> datetime | None:
    """When somebody took the call out of the queue: the first pick-up between its entry and its end."""
    pick_ups = [leg.answered for leg in call.answered if leg.answered and leg.answered >= queue.began]
    return next((at for at in pick_ups if final is None or at <= final), None)


def _event(table: str, at: Value, *facts: Row) -> Iterator[tuple[Table, Row]]:
    """One row of a queue's events, if its time is known: without it nothing is proven."""
    if at is not None:
        row: Row = {}
        for part in facts:
            row |= part
        yield (_EVENTS, table), row | filled(eventts=at)
