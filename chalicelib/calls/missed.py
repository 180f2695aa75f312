"""A Telphin call that nobody took: one row for the call, however many IVRs, queues and phones it met."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from chalicelib.calls.causes import ANSWER, Ending, by_status
from chalicelib.calls.numbers import is_internal
from chalicelib.calls.pbx import Call
from chalicelib.calls.records import CANCELLED, FAILED, NO_END, Row, Side, Table, filled

# Nobody's phone rang, or none of them says how it ended: the caller gave up.
GAVE_UP = Ending(487, reached=True, words="CANCEL")


def missed(call: Call) -> tuple[Table, Row, Side] | None:
    """The row for an incoming call that nobody answered, or None while it may still be answered, or was."""
    if call.answered or call.bridged or not call.is_inbound:
        return None
    reason = _reason(call)
    if not (reason or call.closed):
        return None
    ending = _ending(call)
    table = CANCELLED if call.machines or ending.reached else FAILED
    row = _failed(call, ending) if table == FAILED else _cancelled(call, ending)
    told = reason or "closed: no hangup came that says how the call ended"
    return table, row, Side(call.id, table, "", complete=bool(reason), reasons=(told,), notes=call.notes)


def _reason(call: Call) -> str:
    """Why the call counts as missed; empty while that is not certain."""
    if call.bridged is False:
        who = next(leg.extension for leg in call.machines if leg.bridged is False)
        return f"missed: {who} says Bridged=no"
    rang = [leg for leg in call.phones if leg.incoming and leg.status != ANSWER]
    if rang and not call.machines and all(leg.ended for leg in call.phones):
        return "missed: hung up by the phone that was called directly"
    return ""


def _ending(call: Call) -> Ending:
    """How the last phone that rang stopped; phones that could not be reached count when there are no others."""
    ended = [leg for leg in call.phones if leg.ended and leg.status and leg.status != ANSWER]
    if ended:
        last = max(ended, key=lambda leg: (by_status(leg.status).reached, leg.ended, leg.id))
        return by_status(last.status)
    known = call.bridged is False or any(leg.ended for leg in call.phones)
    return GAVE_UP if known else Ending(None, reached=True, words=NO_END)


def _cancelled(call: Call, ending: Ending) -> Row:
    dialled = [leg.since for leg in call.phones]
    return filled(
        **_caller(call),
        dial_dt=min(dialled, default=call.invited),
        stop_dt=_stopped(call),
        stoptype=None if ending.sip is None else str(ending.sip),
        stopreason=ending.words,
    )


def _failed(call: Call, ending: Ending) -> Row:
    return filled(**_caller(call), sipcode=str(ending.sip), reason=ending.words)


def _caller(call: Call) -> Row:
    """Who called: what the first leg knows, an outside number before an inside one."""
    called = [leg for leg in sorted((*call.machines, *call.phones), key=attrgetter("order")) if leg.incoming]
    first = min(called, key=lambda leg: (not leg.a_outer, not leg.a))
    return filled(
        inviteid=call.id,
        invitedt=call.invited,
        fromnumber=first.a,
        fromusername=first.a if is_internal(first.a) else "",
        fromouter=first.a_outer,
        fromprovidercod=call.key.provider if first.a_outer else "",
        callednum=first.called,
    )


def _stopped(call: Call) -> datetime:
    ended = [leg.ended for leg in call.machines or call.phones if leg.ended]
    return max(ended, default=call.last)
