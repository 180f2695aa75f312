"""Outgoing legs of a Telphin call that were not answered: one row each."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.calls.causes import ANSWER, Ending, by_status
from chalicelib.calls.clocks import ascending
from chalicelib.calls.records import CANCELLED, FAILED, NO_END, Row, Side, Table, filled
from chalicelib.calls.telphin.call import Call
from chalicelib.calls.telphin.legs import Leg


def unanswered(call: Call) -> Iterator[tuple[Table, Row, Side]]:
    """Return a row for each outgoing leg of a call that was not answered and has no called end with a row."""
    if call.answered or call.bridged or call.is_inbound:
        return
    for leg in call.phones:
        # Without its answer event, a hangup that claims an answer proves neither.
        if (leg.ended and leg.status != ANSWER) or (call.closed and not leg.ended):
            yield _outcome(call, leg)


def _outcome(call: Call, leg: Leg) -> tuple[Table, Row, Side]:
    ending = by_status(leg.status) if leg.ended else Ending(None, reached=True, words=NO_END)
    table = CANCELLED if ending.reached else FAILED
    reason = f"not answered: {leg.status or 'no status given'}" if leg.ended else "closed: no hangup came"
    side = Side(
        inviteid=call.leg_id(leg),
        table=table,
        leg_id=leg.id,
        complete=leg.ended is not None,
        reasons=(reason,),
        notes=call.notes,
        first_event=min(leg.moments),
    )
    return table, _row(call, leg, ending), side


def _row(call: Call, leg: Leg, ending: Ending) -> Row:
    invited, dialled, stopped = ascending(call.invited, leg.since, leg.ended or call.last)
    caller = filled(
        inviteid=call.leg_id(leg),
        invitedt=invited,
        fromnumber=leg.a,
        fromusername="" if leg.a_outer else leg.a,
        fromouter=leg.a_outer,
        callednum=leg.called,
    )
    sip = None if ending.sip is None else str(ending.sip)
    if not ending.reached:
        return caller | filled(sipcode=sip, reason=ending.words)
    return caller | filled(dial_dt=dialled, stop_dt=stopped, stoptype=sip, stopreason=ending.words)
