"""The attempts at side B of an Asterisk call: one fork for each device that was called for a record."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from chalicelib.calls.asterisk.asterisk_call import AsteriskCall
from chalicelib.calls.asterisk.channel_talks import ChannelTalk
from chalicelib.calls.asterisk.channels import Channel
from chalicelib.calls.asterisk.endings import ending_of
from chalicelib.calls.asterisk.families import Family
from chalicelib.calls.asterisk.identities import fork_id, home
from chalicelib.calls.asterisk.sides import called_party
from chalicelib.calls.asterisk.talk_rows import parties
from chalicelib.calls.causes import ANSWER, by_status
from chalicelib.calls.clocks import ascending
from chalicelib.calls.events import CallKey
from chalicelib.calls.records import Row, filled


class Device(NamedTuple):
    """A device that was called for a record, with its channels in order."""

    record: str
    family: Family
    channels: list[Channel]


def forks(key: CallKey, call: AsteriskCall, written: Collection[str]) -> Iterator[Row]:
    """Return the forks of the records in `written`. A device that was called several times is one fork."""
    devices: dict[tuple[str, str], Device] = {}
    for channel, family in _called(call):
        record = home(key, call, channel.id)
        if record in written:
            devices.setdefault((record, channel.line), Device(record, family, [])).channels.append(channel)
    yield from (_fork(key, call, device) for device in devices.values())
    for talk in call.talks:
        if talk.is_room and home(key, call, talk.channel.id) in written:
            yield _room_fork(key, call, talk)


def _called(call: AsteriskCall) -> Iterator[tuple[Channel, Family]]:
    for family in call.families:
        yield from ((channel, family) for channel in family.called)
        if family.caller.id in call.joined:
            yield family.caller, family


def _fork(key: CallKey, call: AsteriskCall, device: Device) -> Row:
    channels = device.channels
    talk = next((talk for talk in call.talks if talk.channel in channels), None)
    last = talk.channel if talk else channels[-1]
    party = parties(call, talk)[1] if talk else called_party(call, device.family, last)
    ending = by_status(ANSWER) if talk else ending_of(last)
    invited, started, answered = ascending(call.began, channels[0].began, talk.began if talk else channels[0].began)
    return filled(
        inviteid=device.record,
        invitedt=invited,
        busername=party.number,
        bouter=party.is_outer,
        bprovidercode=key.provider if party.is_outer else "",
        ispreanswered=ending.reached,
        isanswered=talk is not None,
        forkstart_dt=started,
        forkansw_dt=answered if talk else None,
        sipcode=ending.sip,
        reason=ending.words,
        eventid=fork_id(key, last.id),
    )


def _room_fork(key: CallKey, call: AsteriskCall, talk: ChannelTalk) -> Row:
    invited, began = ascending(call.began, talk.began)
    return filled(
        inviteid=home(key, call, talk.channel.id),
        invitedt=invited,
        busername=parties(call, talk)[1].number,
        bouter=False,
        isanswered=True,
        forkstart_dt=began,
        forkansw_dt=began,
        sipcode=200,
        reason=ANSWER,
        eventid=fork_id(key, talk.channel.id),
    )
