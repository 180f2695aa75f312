"""Outgoing legs of a Telphin call that nobody answered: one row each."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.calls.causes import ANSWER, Ending, by_status
from chalicelib.calls.legs import Leg
from chalicelib.calls.pbx import Call
from chalicelib.calls.records import CANCELLED, FAILED, NO_END, Row, Side, Table, filled


def unanswered(call: Call) -> Iterator[tuple[Table, Row, Side]]:
    """A row for each outgoing leg, if the call has no called end (that one tells) and nobody at all answered."""
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
    side = Side(call.leg_id(leg), table, leg.id, complete=leg.ended is not None, reasons=(reason,), notes=call.notes)
    return table, _row(call, leg, ending), side


def _row(call: Call, leg: Leg, ending: Ending) -> Row:
    caller = filled(
        inviteid=call.leg_id(leg),
        invitedt=call.invited,
        fromnumber=leg.a,
        fromusername=leg.a,
        fromouter=False,
        callednum=leg.called,
    )
    sip = None if ending.sip is None else str(ending.sip)
    if not ending.reached:
        return caller | filled(sipcode=sip, reason=ending.words)
    stopped = leg.ended or call.last
    return caller | filled(dial_dt=leg.since, stop_dt=stopped, stoptype=sip, stopreason=ending.words)
