"""A Telphin call that was not answered: one row for the call, however many IVRs, queues and phones it met."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from chalicelib.calls.causes import ANSWER, Ending, by_status
from chalicelib.calls.clocks import ascending
from chalicelib.calls.numbers import is_internal
from chalicelib.calls.records import CANCELLED, FAILED, NO_END, Row, Side, Table, filled
from chalicelib.calls.telphin.call import Call
from chalicelib.calls.telphin.legs import Leg

# No phone rang, or none of them reports how it ended: the caller gave up.
GAVE_UP = Ending(487, reached=True, words="CANCEL")


def missed(call: Call) -> tuple[Table, Row, Side] | None:
    """Return the row of an incoming call that was not answered, None while it may still be answered, or was."""
    if call.answered or call.bridged or not call.is_inbound:
        return None
    reason = _reason(call)
    if not (reason or call.closed):
        return None
    ending = _ending(call)
    table = CANCELLED if call.machines or ending.reached else FAILED
    row = _failed(call, ending) if table == FAILED else _cancelled(call, ending)
    text = reason or "closed: no hangup came that says how the call ended"
    return table, row, Side(call.id, table, "", complete=bool(reason), reasons=(text,), notes=call.notes)


def _reason(call: Call) -> str:
    """Return why the call counts as missed; empty while that is not certain."""
    if call.bridged is False:
        return _machines_reason(call)
    rang = [leg for leg in call.phones if leg.incoming and leg.status != ANSWER]
    if rang and not call.machines and all(leg.ended for leg in (*call.phones, *call.services)):
        return "missed: hung up by the phone that was called directly"
    return ""


def _machines_reason(call: Call) -> str:
    denying = [leg.extension for leg in call.machines if leg.bridged is False]
    if denying:
        return f"missed: {denying[0]} says Bridged=no"
    claiming = next(leg for leg in call.machines if leg.bridged)
    return f"missed: no phone that rang was answered, though {claiming.extension} says Bridged=yes"


def _ending(call: Call) -> Ending:
    """Return how the last phone that rang stopped; phones that could not be reached count if there are no others."""
    ended = [leg for leg in call.phones if leg.ended and leg.status and leg.status != ANSWER]
    if ended:
        last = max(ended, key=lambda leg: (by_status(leg.status).reached, leg.ended, leg.key))
        return by_status(last.status)
    known = call.bridged is False or any(leg.ended for leg in call.phones)
    return GAVE_UP if known else Ending(None, reached=True, words=NO_END)


def _cancelled(call: Call, ending: Ending) -> Row:
    dialled = min((leg.since for leg in call.phones), default=call.invited)
    invited, dialled, stopped = ascending(call.invited, dialled, _stopped(call))
    return filled(
        **_caller(call),
        invitedt=invited,
        dial_dt=dialled,
        stop_dt=stopped,
        stoptype=None if ending.sip is None else str(ending.sip),
        stopreason=ending.words,
    )


def _failed(call: Call, ending: Ending) -> Row:
    return filled(**_caller(call), invitedt=call.invited, sipcode=str(ending.sip), reason=ending.words)


def _caller(call: Call) -> Row:
    """Return who called: what the first leg knows, an outside number before an inside one."""
    first = min(_called_legs(call), key=lambda leg: (not leg.a_outer, not leg.a))
    return filled(
        inviteid=call.id,
        fromnumber=first.a,
        fromusername=first.a if is_internal(first.a) else "",
        fromouter=first.a_outer,
        fromprovidercod=call.key.provider if first.a_outer else "",
        callednum=call.did or first.called,
    )


def _called_legs(call: Call) -> list[Leg]:
    """Return the legs that were called, in order; at least one exists in an inbound call."""
    return sorted([leg for leg in (*call.machines, *call.phones) if leg.incoming], key=attrgetter("order"))


def _stopped(call: Call) -> datetime:
    ended = [leg.ended for leg in call.machines or call.phones if leg.ended]
    return max(ended, default=call.last)
