"""The talks of an Asterisk call become rows of calls.success, one for each channel that was called and talked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from chalicelib.calls.asterisk.asterisk_call import AsteriskCall
from chalicelib.calls.asterisk.channel_events import APP_START
from chalicelib.calls.asterisk.channel_talks import ChannelTalk
from chalicelib.calls.asterisk.channels import Channel
from chalicelib.calls.asterisk.families import Family
from chalicelib.calls.asterisk.identities import linkedid, talk_id
from chalicelib.calls.asterisk.monitors import monitor_notes, monitors
from chalicelib.calls.asterisk.sides import CallSide, called_party, caller_of, requested
from chalicelib.calls.causes import ANSWER
from chalicelib.calls.clocks import ascending
from chalicelib.calls.events import CallKey
from chalicelib.calls.records import NO_END, SUCCESS, Row, Side, filled, seconds

#: A caller whose channel ends this soon after the talk has hung up; one who stays longer went on to something else.
_HANGING_UP = timedelta(seconds=5)


def talk_rows(key: CallKey, call: AsteriskCall) -> Iterator[tuple[Row, Side]]:
    """Return a row for each talk that is over, or of a closed call, with the facts beside it."""
    for talk in call.talks:
        if _is_over(talk) or call.closed:
            yield _row(key, call, talk), _side(key, call, talk)


def parties(call: AsteriskCall, talk: ChannelTalk) -> tuple[CallSide, CallSide]:
    """Return side A and side B of a talk."""
    a = _party(call, talk, talk.partner)
    if talk.is_room:
        number = requested(talk.family)
        return a, CallSide(number, "", number, is_outer=False, line=talk.channel.line)
    return a, _party(call, talk, talk.channel)


def _party(call: AsteriskCall, talk: ChannelTalk, channel: Channel) -> CallSide:
    for family in call.families:
        if family.caller.id == channel.id and (channel.id != talk.channel.id or talk.is_room):
            return caller_of(call, family)
        if family.caller.id == channel.id or channel in family.called:
            return called_party(call, family, channel)
    return called_party(call, talk.family, channel)


def _dialling_family(call: AsteriskCall, talk: ChannelTalk) -> Family:
    """Return the family of side A: after a transfer, what the remaining caller dialled counts."""
    return next((family for family in call.families if family.caller.id == talk.partner.id), talk.family)


def _is_over(talk: ChannelTalk) -> bool:
    return talk.ended is not None


def _ended(call: AsteriskCall, talk: ChannelTalk) -> datetime:
    """Return the end of a talk: the caller's hangup where that follows at once."""
    ended = talk.ended or max(call.last, talk.began)
    hung_up = talk.partner.ended
    if hung_up is None or not ended < hung_up <= ended + _HANGING_UP:
        return ended
    goes_on = any(other.began >= ended and other.partner.id == talk.partner.id for other in call.talks)
    does_more = any(record.kind == APP_START and record.at > ended for record in talk.partner.records)
    return ended if goes_on or does_more else hung_up


def _row(key: CallKey, call: AsteriskCall, talk: ChannelTalk) -> Row:
    a, b = parties(call, talk)
    dialled = min(talk.channel.began, talk.began)
    invited, dialled, start, stop = ascending(call.began, dialled, talk.began, _ended(call, talk))
    provider = key.provider
    return filled(
        inviteid=talk_id(key, talk.channel.id),
        invitedt=invited,
        acallid=talk.partner.id,
        bcallid="" if talk.is_room else talk.channel.id,
        anumber=a.number,
        ausername=a.extension,
        adisplayname=a.name,
        acallednum=requested(_dialling_family(call, talk)),
        aouter=a.is_outer,
        aprovidercode=provider if a.is_outer else "",
        bnumber=b.number,
        busername=b.extension,
        bdisplayname=b.name,
        bouter=b.is_outer,
        bprovidercode=provider if b.is_outer else "",
        dial_dt=dialled,
        start_dt=start,
        stop_dt=stop,
        dial_duration=seconds(dialled, start),
        duration=seconds(start, stop),
        stopreason=ANSWER if _is_over(talk) else NO_END,
        isrec=bool(monitors(call, talk)),
        esgdlg=linkedid(key),
        isreplacing=talk.is_transferred,
    )


def _side(key: CallKey, call: AsteriskCall, talk: ChannelTalk) -> Side:
    own = monitors(call, talk)
    return Side(
        inviteid=talk_id(key, talk.channel.id),
        table=SUCCESS,
        leg_id=talk.channel.id,
        complete=_is_over(talk),
        reasons=tuple(_reasons(call, talk)),
        recording=own[0].name if own else "",
        notes={**_notes(call, talk), **monitor_notes(own)},
        first_event=talk.channel.began,
    )


def _reasons(call: AsteriskCall, talk: ChannelTalk) -> Iterator[str]:
    yield talk.reason
    if talk.is_transferred:
        yield "transferred: the caller's side was replaced, or a transfer led here"
    if talk.family.is_order:
        yield "order: the PBX called the person first, on whose behalf the call was ordered"
    if len(call.families) > 1:
        yield f"joined: {' and '.join(sorted(family.id for family in call.families))} were connected"
    if not _is_over(talk):
        yield "closed: no hangup came"


def _notes(call: AsteriskCall, talk: ChannelTalk) -> dict[str, str]:
    a, b = parties(call, talk)
    return {"a_line": a.line, "b_line": b.line}
