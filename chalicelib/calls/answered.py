"""Answered legs of a Telphin call become rows of calls.success, one a leg, so that each person's time is told."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.calls.legs import QUEUE, Leg
from chalicelib.calls.numbers import is_internal
from chalicelib.calls.pbx import Call
from chalicelib.calls.records import NO_END, SUCCESS, Row, Side, filled, seconds


def successes(call: Call) -> Iterator[tuple[Row, Side]]:
    """A row for each answered leg that was hung up, or whose call was closed; else for a bridged call, once closed."""
    for leg in call.answered:
        if leg.ended or call.closed:
            yield _row(call, leg), _side(call, leg)
    if call.bridged and call.closed and not call.answered:
        yield _bridged_row(call), _bridged_side(call)


def answering_machine(call: Call) -> Leg:
    """The queue, else the IVR, that says that somebody took the call: the latest one."""
    said = [leg for leg in call.machines if leg.bridged]
    return max(said, key=lambda leg: (leg.device == QUEUE, leg.order))


def _row(call: Call, leg: Leg) -> Row:
    start = leg.answered or leg.began
    stop = max(leg.ended or call.last, start)
    double = _double(call, leg)
    other = double.id if double else call.key.id
    return filled(
        inviteid=call.leg_id(leg),
        invitedt=call.invited,
        acallid=other if leg.incoming else leg.id,
        bcallid=leg.id if leg.incoming else "",
        **_parties(call, leg),
        dial_dt=leg.since,
        start_dt=start,
        stop_dt=stop,
        dial_duration=seconds(leg.since, start),
        duration=seconds(start, stop),
        stopreason=leg.status if leg.ended else NO_END,
        isrec=bool(_recording(call, leg)),
        esgdlg=call.key.id,
        isreplacing=leg.replacing,
    )


def _parties(call: Call, leg: Leg) -> Row:
    return {
        "anumber": leg.a,
        "ausername": leg.a if is_internal(leg.a) else "",
        "adisplayname": leg.a_name,
        "acallednum": leg.called,
        "aouter": leg.a_outer,
        "aprovidercode": call.key.provider if leg.a_outer else "",
        "bnumber": leg.b,
        "busername": "" if leg.b_outer else leg.b,
        "bouter": leg.b_outer,
        "bprovidercode": call.key.provider if leg.b_outer else "",
    }


def _side(call: Call, leg: Leg) -> Side:
    why = "answered: its hangup says so, no answer event came" if leg.by_status else "answered: answer event"
    end = () if leg.ended else ("closed: no hangup came",)
    double = ("one row for both ends of an internal conversation",) if _double(call, leg) else ()
    return Side(
        inviteid=call.leg_id(leg),
        table=SUCCESS,
        leg_id=leg.id,
        complete=leg.ended is not None,
        reasons=(why, *double, *end),
        recording=_recording(call, leg),
        notes=call.notes,
    )


def _double(call: Call, leg: Leg) -> Leg | None:
    for calling, called in call.doubles.values():
        if called.id == leg.id:
            return calling
    return None


def _recording(call: Call, leg: Leg) -> str:
    double = _double(call, leg)
    return leg.recording or (double.recording if double else "")


def _bridged_row(call: Call) -> Row:
    machine = answering_machine(call)
    start, stop = machine.began, max(machine.ended or call.last, machine.began)
    return filled(
        inviteid=call.id,
        invitedt=min(call.invited, start),
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
