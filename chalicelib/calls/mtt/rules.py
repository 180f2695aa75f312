"""The records of an MTT call: it is redirected to one or several numbers, until one of them answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.calls.causes import Ending, by_cause
from chalicelib.calls.clocks import ascending
from chalicelib.calls.events import CallKey, Event
from chalicelib.calls.mtt.attempts import Attempt
from chalicelib.calls.mtt.call import RedirectedCall, assemble
from chalicelib.calls.options import Options
from chalicelib.calls.records import (
    CANCELLED,
    FAILED,
    FORKS,
    NO_END,
    SUCCESS,
    OpenLeg,
    Records,
    Row,
    Side,
    Table,
    filled,
    part_id,
    seconds,
)


def understand(key: CallKey, events: Sequence[Event], _options: Options) -> Records:
    """Return the records of the call that has these `events` (each once)."""
    call = assemble(key, events)
    if call is None:
        return Records(key)
    if not call.is_over:
        return Records(key, live=tuple(_open_legs(call)), open=True, close_at=call.settles_at)
    table, row, reason = _success(call, call.answered) if call.answered else _unanswered(call)
    rows = {table: [row]}
    if call.attempts and table != FAILED:
        rows[FORKS] = [_fork(call, attempt) for attempt in call.attempts]
    return Records(key, rows=rows, sides=(_side(call, table, reason),))


def _success(call: RedirectedCall, answered: Attempt) -> tuple[Table, Row, str]:
    start_event = answered.talk or answered.pick_up or call.events[0]
    stop_event = call.end or call.events[-1]
    invited, dialled, start, stop = ascending(call.began, answered.began, start_event.at, stop_event.at)
    row = filled(
        inviteid=call.id,
        invitedt=invited,
        acallid=call.key.id,
        anumber=call.first("caller"),
        acallednum=call.first("called"),
        aouter=True,
        aprovidercode=call.key.provider,
        bnumber=answered.number,
        bouter=True,
        bprovidercode=call.key.provider,
        dial_dt=dialled,
        start_dt=start,
        stop_dt=stop,
        dial_duration=seconds(dialled, start),
        duration=seconds(start, stop),
        stopreason=_bye(call.end),
        isrec=False,
        esgdlg=call.key.id,
        isreplacing=False,
    )
    return SUCCESS, row, f"answered: {'talk' if answered.talk else 'start'} event of {answered.number}"


def _bye(end: Event | None) -> str:
    if end is None:
        return NO_END
    return f"Bye from side {end.side}" if end.side else "Bye"


def _unanswered(call: RedirectedCall) -> tuple[Table, Row, str]:
    ending = _ending(call.end, was_dialled=bool(call.attempts))
    caller = filled(
        inviteid=call.id,
        invitedt=call.began,
        fromnumber=call.first("caller"),
        fromouter=True,
        fromprovidercod=call.key.provider,
        callednum=call.first("called"),
    )
    sip = None if ending.sip is None else str(ending.sip)
    reason = f"not answered: {ending.words}"
    if not (ending.reached and call.attempts):
        return FAILED, caller | filled(sipcode=sip, reason=ending.words), reason
    stop_event = call.end or call.events[-1]
    _invited, dialled, stopped = ascending(call.began, call.attempts[0].began, stop_event.at)
    times = filled(dial_dt=dialled, stop_dt=stopped, stoptype=sip, stopreason=ending.words)
    return CANCELLED, caller | times, reason


def _ending(hangup: Event | None, *, was_dialled: bool) -> Ending:
    if hangup is None:
        return Ending(None, reached=True, words=NO_END)
    return by_cause(hangup.cause, hangup.side, was_dialled=was_dialled)


def _fork(call: RedirectedCall, attempt: Attempt) -> Row:
    """Return the fork of one attempt; when several were picked up, the first one has the call."""
    answer = attempt.pick_up if attempt is call.answered else None
    hangup = attempt.hangup
    ending = _ending(hangup, was_dialled=True) if hangup else Ending(None, reached=True, words="")
    return filled(
        inviteid=call.id,
        invitedt=call.began,
        busername=attempt.number,
        bouter=True,
        bprovidercode=call.key.provider,
        isanswered=answer is not None,
        forkstart_dt=attempt.began,
        forkansw_dt=answer.at if answer else None,
        sipcode=200 if answer else ending.sip,
        reason="OK" if answer else ending.words,
        eventid=part_id(call.key, "fork", attempt.number, attempt.hash),
    )


def _side(call: RedirectedCall, table: Table, reason: str) -> Side:
    notes = {name: text for event in call.events for name, text in event.notes}
    end = () if call.end else ("closed: no hangup came",)
    return Side(call.id, table, "", complete=call.end is not None, reasons=(reason, *end), notes=notes)


def _open_legs(call: RedirectedCall) -> Iterator[OpenLeg]:
    caller = call.first("caller")
    for attempt in call.attempts:
        if not attempt.hangup:
            state = "talking" if attempt.pick_up else "dialling"
            since = attempt.pick_up.at if attempt.pick_up else attempt.began
            yield OpenLeg(attempt.number, attempt.number, "", state, attempt.began, since, caller, attempt.number)
