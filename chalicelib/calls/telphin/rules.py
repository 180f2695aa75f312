"""The records of a Telphin call: its answered legs, or that it was missed, or which outgoing legs were not answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from chalicelib.calls import records
from chalicelib.calls.deferred import Deferred
from chalicelib.calls.events import CallKey, Event
from chalicelib.calls.options import Options
from chalicelib.calls.records import FAILED, FORKS, SUCCESS, OpenLeg, PhoneTalk, Records, Row, Side, Table
from chalicelib.calls.telphin.answered import successes
from chalicelib.calls.telphin.call import Call, assemble
from chalicelib.calls.telphin.forks import forks
from chalicelib.calls.telphin.legs import Leg
from chalicelib.calls.telphin.missed import missed
from chalicelib.calls.telphin.outgoing import unanswered
from chalicelib.calls.telphin.passages import passages

#: A leg, and the inviteid of the record that it belongs to.
Home = tuple[Leg, str]


class CallRow(NamedTuple):
    """One row of calls.success, calls.cancelled or calls.failed, with the facts beside it."""

    table: Table
    row: Row
    side: Side


def understand(key: CallKey, events: Sequence[Event], options: Options) -> Records:
    """Return the records of the call that has these `events` (each once, in order of time)."""
    call = assemble(key, events, options)
    if call is None:
        return Records(key)
    outcomes = list(_outcomes(call))
    written = {outcome.side.inviteid for outcome in outcomes}
    live = () if call.closed else tuple(_open_legs(call))
    return Records(
        call=key,
        rows=_rows(call, outcomes),
        sides=tuple(outcome.side for outcome in outcomes),
        live=live,
        talks=tuple(_phone_talks(call)),
        open=bool(live) or (not written and not call.closed and not _is_settled(call)),
        successors=Deferred(lambda: _successors(call, written)),
        round_successors=Deferred(lambda: _round_successors(call, written)),
    )


def _outcomes(call: Call) -> Iterator[CallRow]:
    yield from (CallRow(SUCCESS, row, side) for row, side in successes(call))
    missed_call = missed(call)
    if missed_call:
        yield CallRow(*missed_call)
    yield from (CallRow(*outgoing) for outgoing in unanswered(call))


def _rows(call: Call, outcomes: Sequence[CallRow]) -> dict[Table, list[Row]]:
    rows: dict[Table, list[Row]] = {}
    with_forks = {outcome.side.inviteid for outcome in outcomes if outcome.table != FAILED}
    parts = [(outcome.table, outcome.row) for outcome in outcomes]
    parts += [(FORKS, row) for row in forks(call, with_forks)]
    for table, row in [*parts, *passages(call)]:
        rows.setdefault(table, []).append(row)
    return rows


def _is_settled(call: Call) -> bool:
    """Tell whether a call that only reached functions of the PBX is over: it never gets a record."""
    return not (call.phones or call.machines or call.orders)


def _open_legs(call: Call) -> Iterator[OpenLeg]:
    legs = (*call.machines, *call.phones, *call.services, *call.orders, *call.calling_ends)
    for leg in sorted([leg for leg in legs if not leg.ended], key=attrgetter("order")):
        since = leg.answered or leg.since
        yield OpenLeg(leg.id, leg.extension, leg.device, _state(leg), leg.since, since, leg.a, leg.b)


def _phone_talks(call: Call) -> Iterator[PhoneTalk]:
    """Return when phones were in use by this call: one that rings is not, one that dials is."""
    for leg in (*call.phones, *call.services, *call.orders, *call.calling_ends):
        begin = leg.answered if leg.incoming else leg.since
        if begin:
            until = leg.ended or (max(call.last, begin) if call.closed else None)
            yield PhoneTalk(leg.extension, "@".join(filter(None, leg.key)), min(begin, until or begin), until)


def _state(leg: Leg) -> str:
    if leg.answered:
        return "talking"
    if not leg.is_phone:
        return "waiting"
    return "ringing" if leg.incoming else "dialling"


def _successors(call: Call, written: set[str]) -> dict[str, str]:
    """Map each inviteid that a part of the events, or an earlier release, gives to the record in its place."""
    heirs: dict[str, str] = {}
    for leg, home in _homes(call):
        for inviteid in _possible_ids(call, leg):
            heirs.setdefault(inviteid, home)
    first = call.answered or call.phones
    if first:
        heirs[call.id] = call.home(first[0])
    return {past: heir for past, heir in heirs.items() if past not in written and heir in written}


def _round_successors(call: Call, written: set[str]) -> dict[str, dict[str, str]]:
    """Map the id that a leg has while only one of its rounds is known to the record of each round."""
    heirs: dict[str, dict[str, str]] = {}
    for leg, home in _homes(call):
        if leg.anchor and home in written:
            of_leg = heirs.setdefault(records.leg_id(call.key, leg.id), {})
            of_leg.update(dict.fromkeys((moment.isoformat() for moment in leg.moments), home))
    return heirs


def _homes(call: Call) -> Iterator[Home]:
    """Return each leg that had a record of its own if fewer events were known, with the record it belongs to."""
    yield from ((leg, call.home(leg)) for leg in (*call.phones, *call.machines))
    others = (*call.orders, *call.services)
    yield from ((leg, call.home(leg._replace(answered=None))) for leg in others)
    yield from ((leg, call.home(called)) for leg, called in call.doubles.values())


def _possible_ids(call: Call, leg: Leg) -> Iterator[str]:
    """Return the ids that the leg has if some of its events are missing, and the one of earlier releases."""
    yield call.leg_id(leg)
    yield records.leg_id(call.key, leg.id)
    yield records.former_leg_id(call.key, leg.id)
    if leg.anchor:
        yield from (records.leg_id(call.key, leg.id, moment.isoformat()) for moment in leg.moments)
