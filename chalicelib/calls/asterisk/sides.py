"""The numbers and names of a channel, and whether it is outside of the PBX."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from chalicelib.calls.asterisk.asterisk_call import AsteriskCall
from chalicelib.calls.asterisk.channel_events import APP_START, ChannelEvent, is_short, pairs
from chalicelib.calls.asterisk.channels import Channel
from chalicelib.calls.asterisk.families import Family

_DIALLABLE = re.compile(r"\+?[0-9*#]{1,32}")
_OUTSIDE_CONTEXT = re.compile(r"extern|trunk|pstn|from-did|from-sip|incoming|outside|provider", re.IGNORECASE)
_OUTSIDE_ENDPOINT = re.compile(r"trunk|provider|gateway|pstn|operator|sip-?out", re.IGNORECASE)
_LONG = re.compile(r"\+?[0-9]{7,}")
_DIALLING = frozenset({"", "dial", "queue", "followme", "page", "retrydial"})
#: User-defined records of dialplans: the call came from outside; the number that was dialled.
_FROM_OUTSIDE, _DIALLED = "XIVO_INCALL", "XIVO_FROM_S"
_SHOWN_NAME = "WAZO_USER_MISSED_CALL"


class CallSide(NamedTuple):
    """One side of a conversation: the number and the name that the other side sees, its extension, and its line.

    `extension` is empty for outside parties.
    """

    number: str
    name: str
    extension: str
    is_outer: bool
    line: str


def caller_of(call: AsteriskCall, family: Family) -> CallSide:
    """Return the calling side, as the dialplan shows it to the called one."""
    channel = family.caller
    outer = is_outer(call, channel)
    shown = _shown(channel, outer=outer)
    number = shown.number if shown and shown.number else _first_number(channel)
    name = (shown.name if shown else "") or _first_name(channel)
    extension = "" if outer else _own_number(channel)
    return CallSide(number or extension, _reported_name(channel) or name, extension, outer, channel.line)


def called_party(call: AsteriskCall, family: Family, channel: Channel) -> CallSide:
    """Return a called side: an extension by its own number, an outside party by the number that was called."""
    name = _first_name(channel)
    if is_outer(call, channel):
        number = _as_written(family, channel, _last_number(channel)) or requested(family) or channel.endpoint
        return CallSide(number, name if name != number else "", "", is_outer=True, line=channel.line)
    number = _own_number(channel) or channel.endpoint
    return CallSide(number, name, number, is_outer=False, line=channel.line)


def requested(family: Family) -> str:
    """Return the number that the caller dialled, before any forwarding; empty if it is none."""
    numbers = [diallable(family.caller.start.exten)]
    numbers += [diallable(record.exten) for record in family.caller.records if record.kind == _DIALLED]
    numbers += [diallable(record.dnid) for record in family.caller.records]
    numbers += [_ordered_number(family)]
    return next(filter(None, numbers), "")


def diallable(exten: str) -> str:
    """Return a number, empty for other extensions of a dialplan such as `s` or a name."""
    return exten if _DIALLABLE.fullmatch(exten) else ""


def is_outer(call: AsteriskCall, channel: Channel) -> bool:
    """Tell whether a channel leads outside: by the registered trunks, else by what the dialplan and the numbers say."""
    listed = next((record.is_trunk for record in channel.records if record.is_trunk is not None), None)
    return listed if listed is not None else any(_signs(call, channel))


def _signs(call: AsteriskCall, channel: Channel) -> Iterator[bool]:
    start = channel.start
    yield any(record.kind == _FROM_OUTSIDE for record in channel.records)
    yield _OUTSIDE_CONTEXT.search(start.context) is not None
    yield _OUTSIDE_ENDPOINT.search(channel.endpoint) is not None
    yield _is_called_outside(call, channel)
    if is_short(channel.endpoint):
        return
    yield _LONG.fullmatch(_first_number(channel)) is not None and not is_short(start.number)


def _is_called_outside(call: AsteriskCall, channel: Channel) -> bool:
    """Tell whether the dialplan announced a call to the outside before it created the channel."""
    if channel.is_root:
        return False
    announced = [at for at in call.announced if at <= channel.began]
    if not announced:
        return False
    others = (other for other in call.channels.values() if other.id != channel.id)
    return not any(announced[-1] <= other.began < channel.began for other in others)


def _as_written(family: Family, channel: Channel, number: str) -> str:
    """Return an outside number as the dialplan wrote it, without the prefix that an outgoing route adds."""
    written = [record.number for record in family.caller.apps if record.at <= channel.began]
    written.append(family.caller.start.exten)
    shorter = [text for text in written if _LONG.fullmatch(text) and number.endswith(text.lstrip("+"))]
    return min(shorter, key=len, default=number)


def _own_number(channel: Channel) -> str:
    """Return an extension's number: what its endpoint is configured with, or is called."""
    number = channel.start.number
    if is_short(channel.endpoint) and not is_short(number):
        return channel.endpoint
    return number or _first_number(channel)


def _first_number(channel: Channel) -> str:
    return next((record.number for record in channel.records if record.number), "")


def _last_number(channel: Channel) -> str:
    return next((record.number for record in reversed(channel.records) if record.number), "")


def _first_name(channel: Channel) -> str:
    """Return the name that belongs to a number: a trunk's channel can begin with the name of the PBX alone."""
    return next((record.name for record in channel.records if record.name and record.number), "")


def _shown(channel: Channel, *, outer: bool) -> ChannelEvent | None:
    """Return the record with the number that a caller shows: the dialplan rewrites it before it calls others."""
    dialling = next((record for record in channel.records if is_dialling(record)), None)
    return dialling or next((record for record in channel.apps if outer), None)


def is_dialling(record: ChannelEvent) -> bool:
    """Tell whether a record starts an application that calls others."""
    return record.kind == APP_START and record.app.lower() in _DIALLING


def _reported_name(channel: Channel) -> str:
    texts = [record.text for record in channel.records if record.kind == _SHOWN_NAME]
    return unquote(pairs(texts[-1]).get("source_name", "")) if texts else ""


def _ordered_number(family: Family) -> str:
    """Return the number that an order was to call: that of the first one called."""
    if not family.called or (family.caller.start.exten not in ("", "s") and not family.is_order):
        return ""
    first = min(family.called, key=lambda channel: channel.order)
    return diallable(first.start.number) or diallable(_last_number(first))
