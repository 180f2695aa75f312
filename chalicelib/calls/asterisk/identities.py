"""The ids of an Asterisk call's records: they depend on channels alone, so that joined calls keep them."""

from __future__ import annotations

from chalicelib.calls import records
from chalicelib.calls.asterisk.asterisk_call import AsteriskCall
from chalicelib.calls.asterisk.channel_talks import ChannelTalk
from chalicelib.calls.events import CallKey

#: Separates a PBX from the LINKEDID in the id of a call, since two PBXs may use one LINKEDID.
_SEPARATOR = " "


def call_name(pbx: str, linkedid: str) -> str:
    """Return the id of a call of one PBX."""
    return f"{pbx}{_SEPARATOR}{linkedid}"


def linkedid(key: CallKey) -> str:
    """Return the LINKEDID of a call."""
    return key.id.rpartition(_SEPARATOR)[2]


def talk_id(key: CallKey, channel: str) -> str:
    """Return the inviteid of the talk of a channel."""
    return records.leg_id(_of_family(key, ""), channel)


def unanswered_id(key: CallKey, family: str) -> str:
    """Return the inviteid of a call that was not answered, by the LINKEDID with which it began."""
    return records.call_id(_of_family(key, family))


def fork_id(key: CallKey, channel: str) -> str:
    """Return the id of an attempt at a channel."""
    return records.part_id(_of_family(key, ""), "fork", channel)


def visit_id(key: CallKey, queue: str, channel: str, number: int) -> str:
    """Return the id of the visit with this number of a channel to a queue."""
    return records.part_id(_of_family(key, ""), "queue", queue, channel, str(number))


def home(key: CallKey, call: AsteriskCall, channel: str) -> str:
    """Return the inviteid of the record to which a channel belongs.

    It is its own for a talk; else that of the first talk picked up after the channel began, else of the last one;
    without talks that of the unanswered call.
    """
    if any(talk.channel.id == channel for talk in call.talks):
        return talk_id(key, channel)
    if not call.talks:
        return unanswered_id(key, call.main.id)
    began = call.channels[channel].began
    later: list[ChannelTalk] = [talk for talk in call.talks if talk.began >= began]
    return talk_id(key, (later[0] if later else call.talks[-1]).channel.id)


def _of_family(key: CallKey, family: str) -> CallKey:
    pbx = key.id.rpartition(_SEPARATOR)[0]
    return key._replace(id=call_name(pbx, family))
