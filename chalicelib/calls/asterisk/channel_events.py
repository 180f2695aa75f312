"""One record of Asterisk's Channel Event Logging, as the rules read it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

CHAN_START = "CHAN_START"
CHAN_END = "CHAN_END"
HANGUP = "HANGUP"
ANSWER = "ANSWER"
APP_START = "APP_START"
BRIDGE_ENTER = "BRIDGE_ENTER"
BRIDGE_EXIT = "BRIDGE_EXIT"
#: Asterisk up to version 11 reports a bridge of two channels on one of them.
BRIDGE_START = "BRIDGE_START"
BRIDGE_END = "BRIDGE_END"
LINKEDID_END = "LINKEDID_END"
BLIND_TRANSFER = "BLINDTRANSFER"
ATTENDED_TRANSFER = "ATTENDEDTRANSFER"
MONITOR_START = "MIXMONITOR_START"
MONITOR_STOP = "MIXMONITOR_STOP"
HOLD = "HOLD"
UNHOLD = "UNHOLD"
#: Dialplans announce a call to the outside by this user-defined record.
TO_OUTSIDE = "XIVO_OUTCALL"

#: How records of one moment follow each other: some PBXs log whole seconds.
_RANKS = {
    kind: rank
    for rank, kind in enumerate(
        (CHAN_START, APP_START, ANSWER, BRIDGE_START, BRIDGE_ENTER, BRIDGE_EXIT, BRIDGE_END, HANGUP, CHAN_END)
    )
}
_LOCAL = "Local/"
_INSTANCE = re.compile(r"-[0-9a-f]{4,}(?:;[12])?$")
_SHORT = re.compile(r"[0-9]{2,6}")
_MIDDLE_RANK, _LAST_RANK = 4, len(_RANKS)


class ChannelEvent(NamedTuple):
    """One record: its type in capitals, its channel, and what the channel knew then.

    Names follow Asterisk's CEL specification. `text` is what the dialplan added to a user-defined record; `is_trunk`
    says whether the registered trunks name the channel's endpoint, None where no trunks are registered.
    """

    kind: str
    at: datetime
    channel: str
    uniqueid: str
    linkedid: str
    exten: str = ""
    context: str = ""
    number: str = ""
    name: str = ""
    dnid: str = ""
    app: str = ""
    app_data: str = ""
    peer: str = ""
    extra: Mapping[str, str] = {}
    is_trunk: bool | None = None

    @property
    def text(self) -> str:
        """The text of a user-defined record."""
        return self.extra.get("extra", "")

    @property
    def order(self) -> tuple[datetime, int]:
        """The position among the records of a call, as far as time and type tell it."""
        last = _LAST_RANK if self.kind == LINKEDID_END else _MIDDLE_RANK
        return self.at, _RANKS.get(self.kind, last)


def is_local(channel: str) -> bool:
    """Tell whether a channel is half of a Local channel, which connects two parts of the dialplan and is no device."""
    return channel.startswith(_LOCAL)


def line_of(channel: str) -> str:
    """Return the technology and the endpoint of a channel: `PJSIP/107` of `PJSIP/107-0000002a`."""
    return _INSTANCE.sub("", channel)


def endpoint_of(channel: str) -> str:
    """Return the endpoint of a channel: `107` of `PJSIP/107-0000002a`; empty for a name without technology."""
    return line_of(channel).partition("/")[2]


def is_short(number: str) -> bool:
    """Tell whether `number` looks like an extension's."""
    return _SHORT.fullmatch(number) is not None


def pairs(text: str) -> dict[str, str]:
    """Return the `name: value` pairs of a user-defined record, separated by commas; names in small letters."""
    values: dict[str, str] = {}
    for part in text.split(","):
        name, colon, value = part.partition(":")
        if colon:
            values[name.strip().lower()] = value.strip()
    return values
