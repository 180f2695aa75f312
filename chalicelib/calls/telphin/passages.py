"""A Telphin call's passages through queues: one row a passage, and the events that prove its course."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.calls.causes import UNSUCCESSFUL
from chalicelib.calls.events import QUEUE
from chalicelib.calls.records import Row, Table, Value, filled, part_id, person_id
from chalicelib.calls.telphin.answered import answering_machine
from chalicelib.calls.telphin.call import Call
from chalicelib.calls.telphin.legs import Leg
from chalicelib.calls.telphin.transfers import Party

PASSAGES: Table = ("ivrhuntq", "huntq_calls")
_EVENTS = "ivrhuntqevents"
_SECOND = timedelta(seconds=1)
#: The queue took the caller in, which any event of the queue proves.
ENQUEUED = "ok"
#: An agent took the caller out of the queue; the reason says which event proves it.
ANSWERED, BY_PHONE, BY_QUEUE = "answered", "agent", "bridged"


class Passage(NamedTuple):
    """A caller's stay in a queue: the leg of the queue, and the queue's own calls to its agents meanwhile.

    `taken` is when an agent picked up, `is_answered` whether one did, `is_abandoned` whether the caller left by
    hanging up.
    """

    leg: Leg
    offers: tuple[Leg, ...]
    taken: datetime | None
    is_answered: bool
    is_abandoned: bool


def passages(call: Call) -> Iterator[tuple[Table, Row]]:
    """Return the rows of each passage of the call through a queue."""
    queues: dict[str, list[Leg]] = defaultdict(list)
    for leg in call.machines:
        if leg.device == QUEUE:
            queues[leg.extension].append(leg)
    # A queue's legs are the caller's ways into it, and its own calls to agents.
    entries = [leg for legs in queues.values() for leg in _entries(legs)]
    pick_ups = _pick_ups(call, entries)
    for leg in entries:
        yield from _rows(call, _passage(call, leg, queues[leg.extension], pick_ups))


def _entries(legs: Sequence[Leg]) -> Sequence[Leg]:
    return [leg for leg in legs if leg.incoming] or legs


def _pick_ups(call: Call, entries: Sequence[Leg]) -> dict[tuple[str, str], datetime]:
    """Map the key of each answered passage to its pick-up: it is the last one entered before, and not over by then."""
    pick_ups: dict[tuple[str, str], datetime] = {}
    for phone in call.answered:
        at = phone.answered
        if at and (phone.incoming or phone.replacing):
            around = [leg for leg in entries if leg.began <= at and (leg.ended is None or at <= leg.ended)]
            if around:
                pick_ups.setdefault(max(around, key=lambda leg: leg.order).key, at)
    return pick_ups


def _passage(call: Call, leg: Leg, legs: Sequence[Leg], pick_ups: dict[tuple[str, str], datetime]) -> Passage:
    is_answered = leg.key in pick_ups or _is_taken_unseen(call, leg)
    return Passage(
        leg=leg,
        offers=tuple(offer for offer in legs if _is_offer(leg, offer, legs)),
        taken=pick_ups.get(leg.key),
        is_answered=is_answered,
        is_abandoned=not is_answered and _is_abandoned(call, leg),
    )


def _is_offer(leg: Leg, offer: Leg, legs: Sequence[Leg]) -> bool:
    """Tell whether `offer` is a call to an agent during the passage `leg`: the last one entered before it."""
    if offer.incoming or not offer.dialled or offer.key == leg.key:
        return False
    earlier = [entry for entry in legs if entry.incoming and entry.began <= offer.since]
    return not earlier or max(earlier, key=lambda entry: entry.order).key == leg.key


def _is_taken_unseen(call: Call, leg: Leg) -> bool:
    """Tell whether the queue reports that a person took the call, and no event says who."""
    return bool(call.bridged and not call.answered) and answering_machine(call).key == leg.key


def _is_abandoned(call: Call, leg: Leg) -> bool:
    """Tell whether the caller hung up in the queue instead of going on to another machine or phone."""
    if leg.ended is None or not (leg.bridged is False or leg.status in UNSUCCESSFUL):
        return False
    after = leg.ended - _SECOND
    goes_on = [other for other in call.machines if other.incoming and other.key != leg.key and other.began >= after]
    return not goes_on and not any(phone.since >= leg.ended for phone in call.phones)


def _rows(call: Call, passage: Passage) -> Iterator[tuple[Table, Row]]:
    leg, caller = passage.leg, _caller(call, passage.leg)
    course = _course(passage)
    shared = filled(inviteid=call.home(leg), callid=call.key.id, esgdlg=call.key.id)
    place = filled(qid=leg.extension, huntq_id=part_id(call.key, "queue", leg.extension, *filter(None, leg.key)))
    user, display = filled(from_user=caller.number), filled(from_displayname=caller.name)
    yield PASSAGES, {**shared, **place, **user, **display, **course}
    yield from _event("queue_enqueue", leg.dialled, shared, place, user, filled(result=ENQUEUED))
    for offer in passage.offers:
        yield from _event("queue_start_call", offer.dialled, shared, filled(qid=leg.extension, userid=offer.b))
    taken, left, final = course.get("dt_dequeue"), course.get("dt_quit"), course.get("dt_final")
    yield from _event("queue_dequeue", taken, shared, place, user, display, filled(result=ANSWERED, reason=BY_PHONE))
    yield from _event("queue_quit", left, shared, filled(qid=leg.extension), user)
    stopped = filled(huntq_id=place["huntq_id"], stopreason=course.get("final_stopreason"))
    yield from _event("final", final, shared, stopped)


def _caller(call: Call, leg: Leg) -> Party:
    """Return whose passage it is: after a transfer to the queue the outside party's, not the transferring phone's."""
    if leg.a_outer or not call.outside.number:
        return Party(leg.a, leg.a_name)
    return call.outside


def _course(passage: Passage) -> Row:
    """Return when the caller entered, was served or gave up, and how it ended, as far as the events prove it."""
    leg, offer = passage.leg, _first_offer(passage)
    reason = BY_PHONE if passage.taken else BY_QUEUE
    return filled(
        enqueue_result=ENQUEUED if leg.incoming else "",
        start_call_uid=person_id(offer.b) if offer else "",
        dequeue_result=ANSWERED if passage.is_answered else "",
        dequeue_reason=reason if passage.is_answered else "",
        final_stopreason=leg.status,
        dt_enqueue=leg.began if leg.incoming else None,
        dt_start_call=offer.since if offer else None,
        dt_dequeue=passage.taken,
        dt_quit=leg.ended if passage.is_abandoned else None,
        dt_final=leg.ended,
    )


def _first_offer(passage: Passage) -> Leg | None:
    """Return the first call of the queue to an agent during the passage, before one picked up."""
    latest = passage.taken or passage.leg.ended or datetime.max  # noqa: DTZ901 - naive UTC
    offers = [offer for offer in passage.offers if passage.leg.began <= offer.since <= latest]
    return min(offers, key=lambda offer: (offer.since, offer.key), default=None)


def _event(table: str, at: Value, *facts: Row) -> Iterator[tuple[Table, Row]]:
    """Return one row of a queue's events, if its time is known: without it nothing is proven."""
    if at is not None:
        row: Row = {}
        for part in facts:
            row |= part
        yield (_EVENTS, table), row | filled(eventts=at)
