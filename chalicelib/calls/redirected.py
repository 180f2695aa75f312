"""An MTT call as a whole: its attempts in order, which of them took it, and whether it is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.calls import records
from chalicelib.calls.attempts import Attempt, attempts
from chalicelib.calls.events import CallKey, Event, Kind

# MTT's clock has no part smaller than a second; within one, this is the order of things.
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
NORMAL_CLEARING = 16


@dataclass(frozen=True)
class Redirected:
    """One MTT call; `taken` is the attempt that was answered first, if any was."""

    key: CallKey
    events: tuple[Event, ...]
    tries: tuple[Attempt, ...]
    taken: Attempt | None
    closed: bool

    @property
    def id(self) -> str:
        """Its inviteid."""
        return records.call_id(self.key)

    @property
    def began(self) -> datetime:
        """Its first event."""
        return self.events[0].at

    @property
    def hangups(self) -> list[Event]:
        """Its hangups, in order."""
        return [event for event in self.events if event.kind is Kind.HANGUP]

    @property
    def end(self) -> Event | None:
        """The hangup that ended it: of the answered attempt if there is one, or one that names no number."""
        if self.taken:
            general = (event for event in reversed(self.hangups) if not event.leg_id)
            return self.taken.hangup or next(general, None)
        return self.hangups[-1] if self._is_given_up else None

    def said(self, name: str) -> str:
        """What the first event that says it says."""
        return next((value for event in self.events if (value := getattr(event, name))), "")

    @property
    def _is_given_up(self) -> bool:
        """Whether no attempt is under way: whoever is tried one after the other need not be hung up one by one."""
        latest = max((attempt.began for attempt in self.tries), default=None)
        pending = [attempt for attempt in self.tries if attempt.began == latest and not attempt.hangup]
        return bool(self.hangups) and (not pending or any(map(_ends_all, self.hangups)))


def assemble(key: CallKey, events: Sequence[Event]) -> Redirected | None:
    """The call that `events` (each once) tell of; None when they tell of none."""
    told = sorted((event for event in events if event.kind in _KINDS), key=_order)
    if not told:
        return None
    tries = attempts(told)
    answered = [attempt for attempt in tries if attempt.pick_up]
    closed = any(event.kind is Kind.CLOSED for event in events)
    return Redirected(key, tuple(told), tuple(tries), min(answered, key=_pick_up, default=None), closed)


def _ends_all(hangup: Event) -> bool:
    """Whether it ends the call and not an attempt: it names no number, or the caller left."""
    return not hangup.leg_id or (hangup.side == "a" and hangup.cause == NORMAL_CLEARING)


def _order(event: Event) -> tuple[datetime, int, str]:
    side = (event.side or "a") if event.kind in _PREMEDIA else ""
    return (event.at, _RANKS[event.kind, side], event.content)


def _pick_up(attempt: Attempt) -> tuple[datetime, str]:
    return (attempt.pick_up.at if attempt.pick_up else attempt.began, attempt.hash)
