"""An Asterisk call while it lasts: who rings, waits and talks, and when phones were in use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from operator import attrgetter

from chalicelib.calls.asterisk.asterisk_call import AsteriskCall
from chalicelib.calls.asterisk.channel_events import is_short
from chalicelib.calls.asterisk.channels import Channel
from chalicelib.calls.asterisk.families import Family
from chalicelib.calls.asterisk.queue_visits import Visit, visits
from chalicelib.calls.asterisk.sides import called_party, caller_of, is_outer, requested
from chalicelib.calls.events import IVR, PHONE, QUEUE
from chalicelib.calls.records import OpenLeg, PhoneTalk


def live_legs(call: AsteriskCall) -> Iterator[OpenLeg]:
    """Return the channels that are not over, each with its state."""
    for family in call.families:
        if family.caller.ended is None:
            yield _calling(call, family)
        for channel in sorted(family.called, key=attrgetter("order")):
            if channel.ended is None:
                yield _called(call, family, channel)


def phone_talks(call: AsteriskCall) -> Iterator[PhoneTalk]:
    """Return when extensions were in use: one that calls is from its beginning, one that is called when it answers."""
    for family in call.families:
        ends = {channel.id: _end(call, channel) for channel in (family.caller, *family.called)}
        if not is_outer(call, family.caller):
            begin = family.caller.answered or family.caller.began if family.is_order else family.caller.began
            login = login_of(family.caller, caller_of(call, family).extension)
            yield PhoneTalk(login, family.caller.id, begin, ends[family.caller.id])
        for channel in family.called:
            if channel.answered and not is_outer(call, channel):
                login = login_of(channel, called_party(call, family, channel).extension)
                yield PhoneTalk(login, channel.id, channel.answered, ends[channel.id])


def login_of(channel: Channel, number: str) -> str:
    """Return the name under which an extension's states are kept: its endpoint where that is a number."""
    return channel.endpoint if is_short(channel.endpoint) else number or channel.endpoint


def _end(call: AsteriskCall, channel: Channel) -> datetime | None:
    return channel.ended or (max(call.last, channel.began) if call.closed else None)


def _calling(call: AsteriskCall, family: Family) -> OpenLeg:
    visit = next((visit for visit in visits(call, family) if visit.left is None and visit.taken is None), None)
    state, since = _state(call, family)
    if visit and state != "talking":
        return _waiting(call, family, visit)
    caller, channel, dialled = caller_of(call, family), family.caller, requested(family)
    device = IVR if state == "waiting" else PHONE
    extension = dialled if caller.is_outer else caller.extension
    return OpenLeg(channel.id, extension, device, state, channel.began, since, caller.number, dialled)


def _state(call: AsteriskCall, family: Family) -> tuple[str, datetime]:
    """Return what a caller does, and since when: one that was answered by a machine waits."""
    channel = family.caller
    talking = [talk.began for talk in call.talks if talk.partner.id == channel.id and talk.ended is None]
    ringing = [other.began for other in family.called if other.ended is None]
    if talking or ringing:
        return ("talking", talking[0]) if talking else ("dialling", ringing[0])
    return ("waiting", channel.answered) if channel.answered else ("dialling", channel.began)


def _waiting(call: AsteriskCall, family: Family, visit: Visit) -> OpenLeg:
    caller = caller_of(call, family)
    return OpenLeg(
        visit.channel.id, visit.queue, QUEUE, "waiting", visit.entered, visit.entered, caller.number, visit.queue
    )


def _called(call: AsteriskCall, family: Family, channel: Channel) -> OpenLeg:
    caller, party = caller_of(call, family), called_party(call, family, channel)
    talk = next((talk for talk in call.talks if talk.channel.id == channel.id and talk.ended is None), None)
    state, since = ("talking", talk.began) if talk else ("dialling" if party.is_outer else "ringing", channel.began)
    return OpenLeg(channel.id, party.number, PHONE, state, channel.began, since, caller.number, party.number)
