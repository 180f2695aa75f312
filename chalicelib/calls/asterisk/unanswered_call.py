"""An Asterisk call without a talk: one row, whatever menus, queues, phones and mailboxes it met."""

from __future__ import annotations

from chalicelib.calls.asterisk.asterisk_call import AsteriskCall
from chalicelib.calls.asterisk.channel_events import APP_START
from chalicelib.calls.asterisk.endings import ending_for_caller
from chalicelib.calls.asterisk.families import Family
from chalicelib.calls.asterisk.identities import unanswered_id
from chalicelib.calls.asterisk.queue_visits import is_queueing
from chalicelib.calls.asterisk.sides import caller_of, requested
from chalicelib.calls.causes import Ending
from chalicelib.calls.clocks import ascending
from chalicelib.calls.events import CallKey
from chalicelib.calls.records import CANCELLED, FAILED, NO_END, Row, Side, Table, filled

_MAILBOX = "voicemail"
_BLOCKED = "BLOCK"
_SERVICE_SIGNS = ("*", "#")


def unanswered(key: CallKey, call: AsteriskCall) -> tuple[Table, Row, Side] | None:
    """Return the row of a call without talks, None while it may still be answered, or if it called no person."""
    family = call.main
    if call.talks or _is_service(call, family):
        return None
    if all(channel.ended for channel in family.members):
        ending = ending_for_caller(family.caller, list(family.called))
        return _outcome(key, call, ending, _reason(family, ending))
    if call.closed:
        unknown = Ending(None, reached=True, words=NO_END)
        return _outcome(key, call, unknown, "closed: no hangup came that says how the call ended")
    return None


def _outcome(key: CallKey, call: AsteriskCall, ending: Ending, reason: str) -> tuple[Table, Row, Side]:
    family = call.main
    table = CANCELLED if ending.reached or _met_machine(family) else FAILED
    row = _cancelled(key, call, family, ending) if table == CANCELLED else _failed(key, call, family, ending)
    caller = caller_of(call, family)
    notes = {"a_line": caller.line, "a_name": caller.name}
    side = Side(
        inviteid=unanswered_id(key, family.id),
        table=table,
        leg_id=family.caller.id,
        complete=all(channel.ended for channel in family.members),
        reasons=(reason,),
        notes={name: text for name, text in notes.items() if text},
        first_event=family.caller.began,
    )
    return table, row, side


def reached_mailbox(family: Family) -> bool:
    """Tell whether a mailbox took the call."""
    return any(record.app.lower() == _MAILBOX for record in family.caller.records)


def _is_service(call: AsteriskCall, family: Family) -> bool:
    """Tell whether an extension called a function of the PBX, such as its own mailbox."""
    if family.called or _met_machine(family) or caller_of(call, family).is_outer:
        return False
    return requested(family).startswith(_SERVICE_SIGNS)


def _met_machine(family: Family) -> bool:
    return family.caller.answered is not None or any(
        record.kind == APP_START and (is_queueing(record) or record.app.lower() == _MAILBOX)
        for record in family.caller.records
    )


def _reason(family: Family, ending: Ending) -> str:
    if any(_BLOCKED in record.kind for record in family.caller.records):
        return "blocked: the PBX refused the caller"
    if reached_mailbox(family):
        return "missed: a mailbox took the call"
    rang = len(family.called)
    return f"not answered: {ending.words}; {rang} channels were called" if rang else f"not answered: {ending.words}"


def _caller(key: CallKey, call: AsteriskCall, family: Family) -> Row:
    caller = caller_of(call, family)
    return filled(
        inviteid=unanswered_id(key, family.id),
        invitedt=call.began,
        fromnumber=caller.number,
        fromusername=caller.extension,
        fromouter=caller.is_outer,
        fromprovidercod=key.provider if caller.is_outer else "",
        callednum=requested(family),
    )


def _cancelled(key: CallKey, call: AsteriskCall, family: Family, ending: Ending) -> Row:
    dialled = min((channel.began for channel in family.called), default=family.caller.began)
    stopped = family.caller.ended or call.last
    invited, dialled, stopped = ascending(call.began, dialled, stopped)
    return _caller(key, call, family) | filled(
        invitedt=invited,
        dial_dt=dialled,
        stop_dt=stopped,
        stoptype=None if ending.sip is None else str(ending.sip),
        stopreason=ending.words,
    )


def _failed(key: CallKey, call: AsteriskCall, family: Family, ending: Ending) -> Row:
    return _caller(key, call, family) | filled(sipcode=str(ending.sip), reason=ending.words)
