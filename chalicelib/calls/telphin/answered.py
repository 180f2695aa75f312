"""Answered legs of a Telphin call become rows of calls.success, one a leg, so that each person's time is counted."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.calls.clocks import ascending
from chalicelib.calls.events import QUEUE
from chalicelib.calls.numbers import is_internal
from chalicelib.calls.records import NO_END, SUCCESS, Row, Side, filled, seconds
from chalicelib.calls.telphin.call import Call
from chalicelib.calls.telphin.legs import Leg
from chalicelib.calls.telphin.talks import is_order


def successes(call: Call) -> Iterator[tuple[Row, Side]]:
    """Return a row for each answered leg that is over or of a closed call, else one for a closed bridged call."""
    for leg in call.answered:
        if leg.ended or call.closed:
            double = _double(call, leg)
            yield _row(call, leg, double), _side(call, leg, double)
    if call.bridged and call.closed and not call.answered:
        yield _bridged_row(call), _bridged_side(call)


def answering_machine(call: Call) -> Leg:
    """Return the queue, else the IVR, that reports that a person took the call: the latest one."""
    bridged = [leg for leg in call.machines if leg.bridged]
    return max(bridged, key=lambda leg: (leg.device == QUEUE, leg.order))


def _row(call: Call, leg: Leg, double: Leg | None) -> Row:
    answered = leg.answered or leg.began
    times = ascending(call.invited, min(leg.since, answered), answered, leg.ended or max(call.last, answered))
    invited, dialled, start, stop = times
    other = double.id if double else call.key.id
    return filled(
        inviteid=call.leg_id(leg),
        invitedt=invited,
        acallid=other if leg.incoming else leg.id,
        bcallid=leg.id if leg.incoming else "",
        **_parties(call, leg),
        dial_dt=dialled,
        start_dt=start,
        stop_dt=stop,
        dial_duration=seconds(dialled, start),
        duration=seconds(start, stop),
        stopreason=leg.status if leg.ended else NO_END,
        isrec=bool(_recording(leg, double)),
        esgdlg=call.key.id,
        isreplacing=leg.replacing,
    )


def _parties(call: Call, leg: Leg) -> Row:
    return {
        "anumber": leg.a,
        "ausername": leg.a if is_internal(leg.a) else "",
        "adisplayname": leg.a_name or ("" if leg.incoming else leg.owner),
        "acallednum": call.called_number(leg),
        "aouter": leg.a_outer,
        "aprovidercode": call.key.provider if leg.a_outer else "",
        "bnumber": leg.b,
        "busername": "" if leg.b_outer else leg.b,
        "bdisplayname": leg.owner if leg.incoming else "",
        "bouter": leg.b_outer,
        "bprovidercode": call.key.provider if leg.b_outer else "",
    }


def _side(call: Call, leg: Leg, double: Leg | None) -> Side:
    return Side(
        inviteid=call.leg_id(leg),
        table=SUCCESS,
        leg_id=leg.id,
        complete=leg.ended is not None,
        reasons=tuple(_reasons(leg, double)),
        recording=_recording(leg, double),
        notes=call.notes,
        first_event=min(leg.moments),
    )


def _reasons(leg: Leg, double: Leg | None) -> Iterator[str]:
    yield "answered: its hangup says so, no answer event came" if leg.by_status else "answered: answer event"
    if leg.feature:
        yield f"{leg.feature}: {leg.extension} dialled {leg.called}"
    if is_order(leg):
        yield "order: an API placed the call on behalf of the extension"
    if double:
        yield "one row for both ends of an internal conversation"
    if not leg.ended:
        yield "closed: no hangup came"


def _double(call: Call, leg: Leg) -> Leg | None:
    return next((calling for calling, called in call.doubles.values() if called.key == leg.key), None)


def _recording(leg: Leg, double: Leg | None) -> str:
    return leg.recording or (double.recording if double else "")


def _bridged_row(call: Call) -> Row:
    machine = answering_machine(call)
    invited, start, stop = ascending(call.invited, machine.began, machine.ended or max(call.last, machine.began))
    return filled(
        inviteid=call.id,
        invitedt=invited,
        acallid=call.key.id,
        bcallid=machine.id,
        **_parties(call, machine),
        dial_dt=start,
        start_dt=start,
        stop_dt=stop,
        dial_duration=0,
        duration=seconds(start, stop),
        stopreason=machine.status,
        isrec=False,
        esgdlg=call.key.id,
        isreplacing=False,
    )


def _bridged_side(call: Call) -> Side:
    machine = answering_machine(call)
    reason = f"answered: {machine.extension} says Bridged=yes; no event tells who took the call, and when"
    return Side(call.id, SUCCESS, machine.id, complete=False, reasons=(reason,), notes=call.notes)
