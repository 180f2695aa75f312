"""The records of an Asterisk call: its talks, or its row without one, and what happened on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib.calls.asterisk.asterisk_call import AsteriskCall, assembled
from chalicelib.calls.asterisk.attempts_at_channels import forks
from chalicelib.calls.asterisk.channel_events import HOLD, UNHOLD, ChannelEvent
from chalicelib.calls.asterisk.channels import Channel
from chalicelib.calls.asterisk.identities import home, talk_id, unanswered_id
from chalicelib.calls.asterisk.live_channels import live_legs, phone_talks
from chalicelib.calls.asterisk.queue_visits import visit_rows
from chalicelib.calls.asterisk.sides import is_outer
from chalicelib.calls.asterisk.talk_rows import talk_rows
from chalicelib.calls.asterisk.unanswered_call import unanswered
from chalicelib.calls.events import CallKey, Event, Kind
from chalicelib.calls.options import Options
from chalicelib.calls.records import FAILED, FORKS, SUCCESS, Records, Row, Side, Table, filled, part_id

HOLDS: Table = ("calls", "holds")


def understand(key: CallKey, events: Sequence[Event], _options: Options) -> Records:
    """Return the records of the call that has these `events` (each once, in order of time)."""
    records = [event.details for event in events if isinstance(event.details, ChannelEvent)]
    closed = any(event.kind is Kind.CLOSED for event in events)
    call = assembled(records, closed=closed) if records else None
    return Records(key) if call is None or _is_left_out(call, events) else _records(key, call)


def _records(key: CallKey, call: AsteriskCall) -> Records:
    outcomes = list(_outcomes(key, call))
    written = {side.inviteid for _, _, side in outcomes}
    is_open = not call.closed and any(channel.ended is None for channel in _counted(call))
    return Records(
        call=key,
        rows=_rows(key, call, outcomes),
        sides=tuple(side for _, _, side in outcomes),
        live=tuple(live_legs(call)) if is_open else (),
        talks=tuple(phone_talks(call)),
        open=is_open,
        successors=_successors(key, call, written),
    )


def _is_left_out(call: AsteriskCall, events: Sequence[Event]) -> bool:
    """Tell whether the owner wants calls with the outside alone, and this one is internal."""
    if not any(event.external_only for event in events):
        return False
    return not any(is_outer(call, channel) for channel in call.channels.values())


def _outcomes(key: CallKey, call: AsteriskCall) -> Iterator[tuple[Table, Row, Side]]:
    yield from ((SUCCESS, row, side) for row, side in talk_rows(key, call))
    outcome = unanswered(key, call)
    if outcome:
        yield outcome


def _rows(key: CallKey, call: AsteriskCall, outcomes: Sequence[tuple[Table, Row, Side]]) -> dict[Table, list[Row]]:
    rows: dict[Table, list[Row]] = {}
    with_forks = {side.inviteid for table, _, side in outcomes if table != FAILED}
    parts = [(table, row) for table, row, _ in outcomes]
    parts += [(FORKS, row) for row in forks(key, call, with_forks)]
    parts += [(HOLDS, row) for row in _holds(key, call, with_forks)]
    parts += [(table, row) for table, row in visit_rows(key, call)]
    for table, row in parts:
        rows.setdefault(table, []).append(row)
    return rows


def _holds(key: CallKey, call: AsteriskCall, written: set[str]) -> Iterator[Row]:
    """Return a row for each time that a side held a talk, until it took it up again, or the talk ended."""
    for talk in call.talks:
        inviteid = talk_id(key, talk.channel.id)
        for side, channel in (("a", talk.partner), ("b", talk.channel)):
            for number, (begin, end) in enumerate(_held(channel)):
                if inviteid in written and talk.began <= begin.at and (talk.ended is None or begin.at <= talk.ended):
                    yield filled(
                        inviteid=inviteid,
                        invitedt=call.began,
                        side=side,
                        hold_dt=begin.at,
                        unhold_dt=end.at if end else talk.ended,
                        eventid=part_id(key._replace(id=""), "hold", channel.id, str(number)),
                    )


def _held(channel: Channel) -> Iterator[tuple[ChannelEvent, ChannelEvent | None]]:
    begin: ChannelEvent | None = None
    for record in channel.records:
        if record.kind == HOLD:
            begin = begin or record
        elif record.kind == UNHOLD and begin:
            yield begin, record
            begin = None
    if begin:
        yield begin, None


def _counted(call: AsteriskCall) -> Iterator[Channel]:
    for family in call.families:
        yield from family.members


def _successors(key: CallKey, call: AsteriskCall, written: set[str]) -> dict[str, str]:
    """Map each inviteid that a part of the records would have given to the record in its place."""
    heirs: dict[str, str] = {}
    for family in call.families:
        heirs[unanswered_id(key, family.id)] = home(key, call, family.caller.id)
        for channel in family.members:
            heirs[talk_id(key, channel.id)] = home(key, call, channel.id)
    return {past: heir for past, heir in heirs.items() if past not in written and heir in written}
