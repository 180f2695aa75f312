"""A Telphin call's passages through queues: one row a passage, and the events that prove its course."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.calls.causes import UNSUCCESSFUL
from chalicelib.calls.events import QUEUE
from chalicelib.calls.queue_rows import BY_PHONE, BY_QUEUE, Offer, QueuePassage, queue_rows
from chalicelib.calls.records import Row, Table, part_id
from chalicelib.calls.telphin.answered import answering_machine
from chalicelib.calls.telphin.call import Call
from chalicelib.calls.telphin.legs import Leg
from chalicelib.calls.telphin.transfers import Party

_SECOND = timedelta(seconds=1)


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
    leg, caller, first = passage.leg, _caller(call, passage.leg), _first_offer(passage)
    reason = BY_PHONE if passage.taken else BY_QUEUE
    return queue_rows(
        QueuePassage(
            inviteid=call.home(leg),
            id=part_id(call.key, "queue", leg.extension, *filter(None, leg.key)),
            call=call.key.id,
            queue=leg.extension,
            caller=caller.number,
            caller_name=caller.name,
            enqueued=leg.dialled,
            entered=leg.began if leg.incoming else None,
            offers=[Offer(offer.dialled, offer.b) for offer in passage.offers],
            started=Offer(first.since, first.b) if first else None,
            taken=passage.taken,
            dequeue_reason=reason if passage.is_answered else "",
            quit=leg.ended if passage.is_abandoned else None,
            final=leg.ended,
            stopreason=leg.status,
        )
    )


def _caller(call: Call, leg: Leg) -> Party:
    """Return whose passage it is: after a transfer to the queue the outside party's, not the transferring phone's."""
    if leg.a_outer or not call.outside.number:
        return Party(leg.a, leg.a_name)
    return call.outside


def _first_offer(passage: Passage) -> Leg | None:
    """Return the first call of the queue to an agent during the passage, before one picked up."""
    latest = passage.taken or passage.leg.ended or datetime.max  # noqa: DTZ901 - naive UTC
    offers = [offer for offer in passage.offers if passage.leg.began <= offer.since <= latest]
    return min(offers, key=lambda offer: (offer.since, offer.key), default=None)
