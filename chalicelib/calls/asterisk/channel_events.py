"""One record of Asterisk's Channel Event Logging, as the rules read it."""

from __future__ import annotations

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


def pairs(text: str) -> dict[str, str]:
    """Return the `name: value` pairs of a user-defined record, separated by commas; names in small letters."""
    values: dict[str, str] = {}
    for part in text.split(","):
        name, colon, value = part.partition(":")
        if colon:
            values[name.strip().lower()] = value.strip()
    return values
