"""MTT calls become records: each call is redirected to one or several numbers, until one of them takes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.calls.attempts import Attempt
from chalicelib.calls.causes import Ending, by_cause
from chalicelib.calls.events import CallKey, Event
from chalicelib.calls.records import (
    CANCELLED,
    FAILED,
    FORKS,
    NO_END,
    SUCCESS,
    OpenLeg,
    Options,
    Records,
    Row,
    Side,
    Table,
    filled,
    part_id,
    seconds,
)
from chalicelib.calls.redirected import Redirected, assemble


def understand(key: CallKey, events: Sequence[Event], _options: Options) -> Records:
    """The records of the call that `events` (each once) tell of."""
    call = assemble(key, events)
    if call is None:
        return Records(key)
    if not (call.end or call.closed):
        return Records(key, live=tuple(_open_legs(call)), open=True)
    table, row, reason = _success(call, call.taken) if call.taken else _unanswered(call)
    rows = {table: [row]}
    if call.tries and table != FAILED:
        rows[FORKS] = [_fork(call, attempt) for attempt in call.tries]
    return Records(key, rows=rows, sides=(_side(call, table, reason),))


def _success(call: Redirected, taken: Attempt) -> tuple[Table, Row, str]:
    pick_up = taken.pick_up or call.events[0]
    start = (taken.talk or pick_up).at
    stop = max((call.end or call.events[-1]).at, start)
    row = filled(
        inviteid=call.id,
        invitedt=call.began,
        acallid=call.key.id,
        anumber=call.said("caller"),
        acallednum=call.said("called"),
        aouter=True,
        aprovidercode=call.key.provider,
        bnumber=taken.number,
        bouter=True,
        bprovidercode=call.key.provider,
        dial_dt=taken.began,
        start_dt=start,
        stop_dt=stop,
        dial_duration=seconds(taken.began, start),
        duration=seconds(start, stop),
        stopreason=_bye(call.end),
        isrec=False,
        esgdlg=call.key.id,
        isreplacing=False,
    )
    return SUCCESS, row, f"answered: {'talk' if taken.talk else 'start'} event of {taken.number}"


def _bye(end: Event | None) -> str:
    if end is None:
        return NO_END
    return f"Bye from side {end.side}" if end.side else "Bye"


def _unanswered(call: Redirected) -> tuple[Table, Row, str]:
    ending = _ending(call)
    caller = filled(
        inviteid=call.id,
        invitedt=call.began,
        fromnumber=call.said("caller"),
        fromouter=True,
        fromprovidercod=call.key.provider,
        callednum=call.said("called"),
    )
    sip = None if ending.sip is None else str(ending.sip)
    reason = f"not answered: {ending.words}"
    if not (ending.reached and call.tries):
        return FAILED, caller | filled(sipcode=sip, reason=ending.words), reason
    dialled, stopped = call.tries[0].began, (call.end or call.events[-1]).at
    times = filled(dial_dt=dialled, stop_dt=stopped, stoptype=sip, stopreason=ending.words)
    return CANCELLED, caller | times, reason


def _ending(call: Redirected) -> Ending:
    if call.end is None:
        return Ending(None, reached=True, words=NO_END)
    return by_cause(call.end.cause, call.end.side)


def _fork(call: Redirected, attempt: Attempt) -> Row:
    """One attempt; when several were picked up, the first of them has the call and the others lost it."""
    answer = attempt.pick_up if attempt is call.taken else None
    end = attempt.hangup
    ending = by_cause(end.cause, end.side) if end else Ending(None, reached=True, words="")
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


def _side(call: Redirected, table: Table, reason: str) -> Side:
    notes = {name: text for event in call.events for name, text in event.notes}
    end = () if call.end else ("closed: no hangup came",)
    return Side(call.id, table, "", complete=call.end is not None, reasons=(reason, *end), notes=notes)


def _open_legs(call: Redirected) -> Iterator[OpenLeg]:
    caller = call.said("caller")
    for attempt in call.tries:
        if not attempt.hangup:
            state = "talking" if attempt.pick_up else "dialling"
            since = attempt.pick_up.at if attempt.pick_up else attempt.began
            yield OpenLeg(attempt.number, attempt.number, "", state, attempt.began, since, caller, attempt.number)
