"""Why calls end: the providers' statuses and Q.850 causes, and the SIP codes that they stand for."""

from __future__ import annotations

from dataclasses import dataclass

ANSWER = "ANSWER"
#: The statuses of an unsuccessful hangup: no conversation took place.
UNSUCCESSFUL = frozenset({"BUSY", "CANCEL", "NOANSWER", "CHANUNAVAIL", "CONGESTION"})


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended: the SIP code (None if unknown), whether side B was reached, and a description."""

    sip: int | None
    reached: bool
    words: str


#: CallStatus of a hangup -> its ending.
_STATUSES = {
    status: Ending(sip, reached, status)
    for status, sip, reached in (
        (ANSWER, 200, True),
        ("BUSY", 486, True),
        ("CANCEL", 487, True),
        ("NOANSWER", 480, True),
        ("CHANUNAVAIL", 480, False),
        ("CONGESTION", 503, False),
    )
}

NORMAL_CLEARING = 16
TIMER_EXPIRED = 102
#: Q.850 cause -> SIP code (RFC 3398 §7.2.4.1), meaning. 16 before an answer is a caller who gave up.
_CAUSES = {
    1: (404, "Unallocated number"),
    2: (404, "No route to network"),
    3: (404, "No route to destination"),
    16: (487, "Normal clearing"),
    17: (486, "User busy"),
    18: (408, "No user responding"),
    19: (480, "No answer from user"),
    20: (480, "Subscriber absent"),
    21: (403, "Call rejected"),
    22: (410, "Number changed"),
    23: (410, "Redirection to new destination"),
    26: (404, "Non-selected user clearing"),
    27: (502, "Destination out of order"),
    28: (484, "Address incomplete"),
    29: (501, "Facility rejected"),
    31: (480, "Normal, unspecified"),
    34: (503, "No circuit available"),
    38: (503, "Network out of order"),
    41: (503, "Temporary failure"),
    42: (503, "Switch congestion"),
    47: (503, "Resource unavailable"),
    55: (403, "Incoming calls barred"),
    57: (403, "Bearer capability not authorised"),
    58: (503, "Bearer capability not available"),
    65: (488, "Bearer capability not implemented"),
    70: (488, "Only restricted digital available"),
    79: (501, "Service not implemented"),
    87: (403, "User not member of closed user group"),
    88: (503, "Incompatible destination"),
    102: (504, "Recovery on timer expiry"),
    111: (500, "Protocol error"),
    127: (500, "Interworking, unspecified"),
}
_OTHER_CAUSE = (500, "Cause {}")

#: Busy, no answer, cancelled, rejected: side B was reached. Every other class of causes is a failure.
_REACHED = frozenset({16, 17, 18, 19, 21})


def by_status(status: str) -> Ending:
    """Return the ending that a CallStatus names; an unknown one keeps its spelling and has no SIP code."""
    return _STATUSES.get(status) or Ending(None, reached=True, words=status)


def by_cause(cause: int | None, side: str, *, was_dialled: bool = False) -> Ending:
    """Return the ending of an unanswered attempt by its Q.850 cause and by the side (a or b) that ended it.

    Once side B `was_dialled`, a caller who leaves has cancelled the call whatever the cause, and a timer that expires
    means no answer.
    """
    if was_dialled and cause == TIMER_EXPIRED:
        return Ending(480, reached=True, words=_CAUSES[TIMER_EXPIRED][1])
    if (was_dialled and side == "a") or (cause == NORMAL_CLEARING and side):
        return Ending(487, reached=True, words=f"Cancel from side {side}")
    if cause is None:
        return Ending(None, reached=False, words="No cause given")
    sip, words = _CAUSES.get(cause, _OTHER_CAUSE)
    return Ending(sip, cause in _REACHED, words.format(cause))
