"""How attempts of an Asterisk call ended: by DIALSTATUS, or by the Q.850 cause of a hangup."""

from __future__ import annotations

from chalicelib.calls.asterisk.channels import Channel
from chalicelib.calls.causes import ANSWER, UNSUCCESSFUL, Ending, by_status

_BY_CAUSE = {
    0: "NOANSWER",
    1: "CHANUNAVAIL",
    2: "CHANUNAVAIL",
    3: "CHANUNAVAIL",
    16: "CANCEL",
    17: "BUSY",
    18: "NOANSWER",
    19: "NOANSWER",
    20: "CHANUNAVAIL",
    21: "BUSY",
    26: "CANCEL",
    27: "CHANUNAVAIL",
    28: "CHANUNAVAIL",
    34: "CONGESTION",
    38: "CONGESTION",
    41: "CONGESTION",
    42: "CONGESTION",
}
_OTHER = "CANCEL"


def ending_of(channel: Channel) -> Ending:
    """Return how the attempt at a called channel that was not answered ended."""
    return by_status(_BY_CAUSE.get(_cause(channel), _OTHER))


def ending_for_caller(caller: Channel, called: list[Channel]) -> Ending:
    """Return how an unanswered call ended: as the caller's last Dial says, else as the last called channel does."""
    status = caller.reported("dialstatus").upper()
    if status in UNSUCCESSFUL:
        return by_status(status)
    ended = [channel for channel in called if channel.ended]
    if ended and status != ANSWER:
        return ending_of(max(ended, key=lambda channel: (channel.ended, channel.id)))
    return by_status(_OTHER) if called or _cause(caller) != 1 else by_status(_BY_CAUSE[1])


def _cause(channel: Channel) -> int:
    text = channel.reported("hangupcause")
    return int(text) if text.isdecimal() else -1
