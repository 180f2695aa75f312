"""A Telphin call's records: its answered legs, or that it was missed, or that nobody answered where it called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import attrgetter

from chalicelib.calls.answered import successes
from chalicelib.calls.events import CallKey, Event
from chalicelib.calls.forks import forks
from chalicelib.calls.legs import Leg
from chalicelib.calls.missed import missed
from chalicelib.calls.outgoing import unanswered
from chalicelib.calls.pbx import Call, assemble
from chalicelib.calls.queues import passages
from chalicelib.calls.records import FAILED, FORKS, SUCCESS, OpenLeg, Options, Records, Row, Side, Table


def understand(key: CallKey, events: Sequence[Event], options: Options) -> Records:
    """The records of the call that `events` (each once, in order) tell of."""
    call = assemble(key, events, options)
    if call is None:
        return Records(key)
    found = list(_outcomes(call))
    rows: dict[Table, list[Row]] = {}
    for table, row, _side in found:
        rows.setdefault(table, []).append(row)
    written = {side.inviteid for _table, _row, side in found}
    rung = list(forks(call, {side.inviteid for table, _row, side in found if table != FAILED}))
    if rung:
        rows[FORKS] = rung
    for table, row in passages(call):
        rows.setdefault(table, []).append(row)
    live = () if call.closed else tuple(_open_legs(call))
    return Records(
        call=key,
        rows=rows,
        sides=tuple(side for _table, _row, side in found),
        live=live,
        open=bool(live) or (not written and not call.closed),
        successors=_successors(call, written),
    )


def _outcomes(call: Call) -> Iterator[tuple[Table, Row, Side]]:
    for row, side in successes(call):
        yield SUCCESS, row, side
    nobody = missed(call)
    if nobody:
        yield nobody
    yield from unanswered(call)


def _open_legs(call: Call) -> Iterator[OpenLeg]:
    calling = (leg for leg, _called in call.doubles.values())
    going_on = [leg for leg in (*call.machines, *call.phones, *calling) if not leg.ended]
    for leg in sorted(going_on, key=attrgetter("order")):
        since = leg.answered or leg.since
        yield OpenLeg(leg.id, leg.extension, leg.device, _state(leg), leg.since, since, leg.a, leg.b)


def _state(leg: Leg) -> str:
    if leg.answered:
        return "talking"
    if not leg.is_phone:
        return "waiting"
    return "ringing" if leg.incoming else "dialling"


def _successors(call: Call, written: set[str]) -> dict[str, str]:
    """For each id that a part of the events would have given: the record that has its place now."""
    heirs = {call.leg_id(leg): call.home(leg) for leg in call.phones}
    for leg, called in call.doubles.values():
        heirs[call.leg_id(leg)] = call.home(called)
    first = call.answered or call.phones
    if first:
        heirs[call.id] = call.home(first[0])
    return {past: heir for past, heir in heirs.items() if past not in written and heir in written}
