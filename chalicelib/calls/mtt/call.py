"""An MTT call as a whole: its attempts in order, which of them was answered, and whether it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.calls import records
from chalicelib.calls.events import CallKey, Event, Kind
from chalicelib.calls.mtt.attempts import Attempt, attempts

#: For so long after a failed attempt MTT may try the next number: the TIMEOUT of its sample (reference §2.2).
GRACE = timedelta(seconds=15)

# MTT's clock has a resolution of one second; within one, this is the order of events.
_RANKS = {
    (Kind.PREMEDIA_START, "a"): 0,
    (Kind.PREMEDIA_END, "a"): 1,
    (Kind.DIAL_OUT, ""): 2,
    (Kind.ANSWER, ""): 3,
    (Kind.PREMEDIA_START, "b"): 4,
    (Kind.PREMEDIA_END, "b"): 5,
    (Kind.TALK, ""): 6,
    (Kind.HANGUP, ""): 7,
}
_KINDS = frozenset(kind for kind, _side in _RANKS)
_PREMEDIA = frozenset({Kind.PREMEDIA_START, Kind.PREMEDIA_END})


@dataclass(frozen=True)
class RedirectedCall:
    """One MTT call; `answered` is the attempt that was answered first, `closings` are when Ringledger closed it."""

    key: CallKey
    events: tuple[Event, ...]
    attempts: tuple[Attempt, ...]
    answered: Attempt | None
    closings: tuple[datetime, ...]

    @property
    def id(self) -> str:
        """The inviteid."""
        return records.call_id(self.key)

    @property
    def began(self) -> datetime:
        """The time of the first event."""
        return self.events[0].at

    @property
    def last(self) -> datetime:
        """The time of the last event."""
        return self.events[-1].at

    @property
    def hangups(self) -> list[Event]:
        """The hangups, in order."""
        return [event for event in self.events if event.kind is Kind.HANGUP]

    @property
    def end(self) -> Event | None:
        """The hangup that ended the call: of the answered attempt if there is one, or one that names no number."""
        if self.answered:
            general = (event for event in reversed(self.hangups) if not event.leg_id)
            return self.answered.hangup or next(general, None)
        caller_left = [event for event in self.hangups if _ends_all(event)]
        if caller_left:
            return caller_left[-1]
        return self.hangups[-1] if self.hangups and not self._pending else None

    @property
    def is_over(self) -> bool:
        """Tell whether the call has ended, or was closed because nothing more can be expected."""
        if self.is_closed:
            return True
        if self.end is None:
            return False
        if self.answered or _ends_all(self.end):
            return True
        return any(closing >= self.last + GRACE for closing in self.closings)

    @property
    def is_closed(self) -> bool:
        """Tell whether the call was closed long after its last event, whatever was still expected."""
        return any(closing > self.last + GRACE for closing in self.closings)

    @property
    def settles_at(self) -> datetime | None:
        """The time from which the call may be closed because no next attempt followed; None unless it waits for one.

        Events are in time if they arrive within the grace, too, so their acceptance counts.
        """
        if self.end is None or self.is_over:
            return None
        return max(self.last, *(event.accepted_at for event in self.events)) + GRACE

    def first(self, name: str) -> str:
        """Return the first value of the events' field `name` that is not empty."""
        return next((value for event in self.events if (value := getattr(event, name))), "")

    @property
    def _pending(self) -> list[Attempt]:
        """The latest attempts that have no hangup; numbers tried before need not be hung up one by one."""
        latest = max((attempt.began for attempt in self.attempts), default=None)
        return [attempt for attempt in self.attempts if attempt.began == latest and not attempt.hangup]


def assemble(key: CallKey, events: Sequence[Event]) -> RedirectedCall | None:
    """Return the call of `events` (each once); None if none of them belongs to its course."""
    course = sorted((event for event in events if event.kind in _KINDS), key=_order)
    if not course:
        return None
    found = attempts(course)
    answered = [attempt for attempt in found if attempt.pick_up]
    closings = tuple(event.at for event in events if event.kind is Kind.CLOSED)
    return RedirectedCall(key, tuple(course), tuple(found), min(answered, key=_pick_up, default=None), closings)


def _ends_all(hangup: Event) -> bool:
    """Tell whether a hangup ends the call and not one attempt: it names no number, or the caller left."""
    return not hangup.leg_id or hangup.side == "a"


def _order(event: Event) -> tuple[datetime, int, str]:
    side = (event.side or "a") if event.kind in _PREMEDIA else ""
    return (event.at, _RANKS[event.kind, side], event.content)


def _pick_up(attempt: Attempt) -> tuple[datetime, str]:
    return (attempt.pick_up.at if attempt.pick_up else attempt.began, attempt.hash)
