"""The talks of an Asterisk call: each channel that was called and was connected with another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.calls.asterisk.channels import Channel
from chalicelib.calls.asterisk.company import Stretch, by_companion, lasting
from chalicelib.calls.asterisk.families import Family
from chalicelib.calls.asterisk.stays import Stay, of_channel
from chalicelib.calls.causes import ANSWER

_ROOMS = frozenset({"confbridge", "meetme", "conference", "jitsiconference"})
_MIXING = "softmix"
#: A party that stays this long with another one after the caller has left was transferred.
_TRANSFER = timedelta(seconds=1)


class ChannelTalk(NamedTuple):
    """A conversation of a called channel: from its pick-up until it, or its partner, left.

    `partner` is the channel on the other side, after a transfer the one that stayed. A caller in a conference room is
    its own partner.
    """

    channel: Channel
    partner: Channel
    family: Family
    began: datetime
    ended: datetime | None
    is_transferred: bool
    reason: str
    is_room: bool = False


class Setting(NamedTuple):
    """The facts from which talks follow."""

    channels: Mapping[str, Channel]
    families: tuple[Family, ...]
    company: Mapping[str, Sequence[Stretch]]
    stays: Sequence[Stay]
    #: When a party was transferred without a consultation.
    transfers: Sequence[datetime]
    logs_bridges: bool
    last: datetime


def joiners(setting: Setting) -> dict[str, Family]:
    """Return the callers that took another one's call, by picking it up or out of a parking lot, with that family."""
    taken = ((family.caller.id, _taken_family(setting, family)) for family in setting.families)
    return {caller: family for caller, family in taken if family}


def talks(setting: Setting, joined: Mapping[str, Family]) -> Iterator[ChannelTalk]:
    """Return all talks."""
    for family in setting.families:
        for channel in family.called:
            yield from _talk(setting, family, channel)
        if family.caller.id in joined:
            own = _talk(setting, joined[family.caller.id], family.caller)
            yield from (talk._replace(reason="answered: took the call of another phone") for talk in own)
        elif stay := _room(setting, family.caller):
            yield _room_talk(setting, family, stay)


def _taken_family(setting: Setting, family: Family) -> Family | None:
    """Return the older family whose channels a caller heard, although it called none of them."""
    heard = {other for stretch in setting.company.get(family.caller.id, []) for other in stretch.others}
    if not heard or heard & _ids(family.called) or _room(setting, family.caller):
        return None
    older = (other for other in setting.families if other.caller.order < family.caller.order)
    return next((other for other in older if heard & _ids(other.members)), None)


def _ids(channels: Sequence[Channel]) -> set[str]:
    return {channel.id for channel in channels}


def _talk(setting: Setting, family: Family, channel: Channel) -> Iterator[ChannelTalk]:
    stretches = setting.company.get(channel.id, [])
    if not stretches:
        yield from _talk_by_answers(setting, family, channel)
        return
    partner, is_replaced = _partner(setting, channel, family.caller, lasting(stretches, setting.last))
    yield ChannelTalk(
        channel=channel,
        partner=partner,
        family=family,
        began=stretches[0].began,
        ended=stretches[-1].ended or channel.ended,
        is_transferred=is_replaced or _follows_transfer(setting, channel),
        reason="answered: a bridge connected both sides",
    )


def _partner(setting: Setting, channel: Channel, caller: Channel, stretches: Sequence[Stretch]) -> tuple[Channel, bool]:
    """Return the other side of a talk, and whether a transfer put it in the caller's place."""
    with_caller = [index for index, stretch in enumerate(stretches) if _has(setting, stretch, caller)]
    if not with_caller:
        return _longest(setting, stretches, timedelta(0)) or caller, False
    after = [stretch for stretch in stretches[with_caller[-1] + 1 :] if len(stretch.others) == 1]
    staying = None if _is_mixed(setting, channel) else _longest(setting, after, _TRANSFER)
    return staying or caller, staying is not None


def _has(setting: Setting, stretch: Stretch, caller: Channel) -> bool:
    return any(setting.channels[other].line == caller.line for other in stretch.others)


def _longest(setting: Setting, stretches: Sequence[Stretch], least: timedelta) -> Channel | None:
    """Return the channel that was heard longest, if that was `least` or longer."""
    durations = by_companion(stretches, setting.last)
    heard = [(duration, other) for other, duration in durations.items() if duration >= least]
    return setting.channels[max(heard)[1]] if heard else None


def _is_mixed(setting: Setting, channel: Channel) -> bool:
    return any(stay.technology == _MIXING for stay in of_channel(setting.stays, channel.id))


def _follows_transfer(setting: Setting, channel: Channel) -> bool:
    return any(at <= channel.began for at in setting.transfers)


def _talk_by_answers(setting: Setting, family: Family, channel: Channel) -> Iterator[ChannelTalk]:
    """Return the talk that answers prove where the PBX logs no bridges: the called side's, then the caller's.

    A machine that answers for the called side answers the caller alone.
    """
    caller = family.caller
    if setting.logs_bridges or caller.reported("dialstatus") not in {"", ANSWER}:
        return
    if channel.answered and caller.answered and channel.ended:
        yield ChannelTalk(
            channel=channel,
            partner=caller,
            family=family,
            began=max(channel.answered, caller.answered),
            ended=min(channel.ended, caller.ended or channel.ended),
            is_transferred=False,
            reason="answered: both sides answered, and the PBX logs no bridges",
        )


def _room(setting: Setting, caller: Channel) -> Stay | None:
    """Return the first stay of a caller in a conference room: an application's, or a bridge that mixes by itself."""
    own = of_channel(setting.stays, caller.id)
    rooms = [stay for stay in own if stay.app.lower() in _ROOMS]
    return next(iter(rooms or _mixing_alone(setting, caller, own)), None)


def _mixing_alone(setting: Setting, caller: Channel, own: Sequence[Stay]) -> Sequence[Stay]:
    calls_others = any(family.called for family in setting.families if family.caller.id == caller.id)
    return own if not calls_others and all(stay.technology == _MIXING for stay in own) else []


def _room_talk(setting: Setting, family: Family, stay: Stay) -> ChannelTalk:
    return ChannelTalk(
        channel=family.caller,
        partner=family.caller,
        family=family,
        began=stay.entered,
        ended=of_channel(setting.stays, stay.channel)[-1].left,
        is_transferred=False,
        reason="answered: talked in a conference room",
        is_room=True,
    )
