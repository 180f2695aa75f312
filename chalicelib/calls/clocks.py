"""Puts the times of a leg and of a row in order where a provider's clocks contradict each other.

A leg is dialled, then answered, then ended. Where its events say otherwise, one clock is wrong: the one that disagrees
with the two others. The duration that the hangup states decides what the wrong time should have been.
"""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import NamedTuple

#: Clocks of one PBX differ by this much without being wrong.
JITTER = timedelta(seconds=2)
_NO_TIME = timedelta(0)


class Times(NamedTuple):
    """When a leg was dialled, answered and ended, and for how long it talked as its hangup says."""

    dialled: datetime | None
    answered: datetime | None
    ended: datetime | None
    duration: timedelta | None = None

    @property
    def is_in_order(self) -> bool:
        """Tell whether the known times do not run backwards."""
        known = [time for time in (self.dialled, self.answered, self.ended) if time]
        return all(earlier <= later for earlier, later in itertools.pairwise(known))


def in_order(times: Times) -> Times:
    """Return `times` such that dialling, answer and end do not run backwards."""
    if times.is_in_order:
        return times
    if times.answered is None:
        return _end_moved(times, times.dialled)
    if times.dialled and times.answered < times.dialled:
        return _answered_before_dialled(times, times.dialled, times.answered)
    return _ended_before_answered(times, times.answered)


def mended(before: Times, after: Times) -> tuple[str, ...]:
    """Describe each time that `in_order` replaced, for the facts of a record."""
    if after is before:
        return ()
    changes = zip(("dialled", "answered", "ended"), before[:3], after[:3], strict=True)
    return tuple(f"{name} {old} is taken as {new}" for name, old, new in changes if old != new)


def ascending(*times: datetime) -> list[datetime]:
    """Return `times` with each one raised to the one before it: the times of a row never run backwards."""
    raised = [times[0]]
    for time in times[1:]:
        raised.append(max(time, raised[-1]))
    return raised


def _answered_before_dialled(times: Times, dialled: datetime, answered: datetime) -> Times:
    begin = _begin(times)
    dialling_is_late = times.ended is not None and times.ended < dialled
    if dialling_is_late or (begin is not None and abs(begin - answered) <= JITTER):
        return in_order(times._replace(dialled=answered))
    # An answer that is missing its end is as late as its dialling, at least.
    corrected = max(begin or dialled, dialled)
    return times._replace(answered=min(corrected, times.ended) if times.ended else corrected)


def _ended_before_answered(times: Times, answered: datetime) -> Times:
    ended, begin = times.ended, _begin(times)
    if ended is None or (times.dialled and ended < times.dialled):
        return _end_moved(times, answered)
    if begin is not None:
        return times._replace(answered=max(begin, times.dialled or begin))
    if answered - ended <= JITTER:
        return times._replace(ended=answered)
    return times._replace(answered=ended)


def _end_moved(times: Times, begin: datetime | None) -> Times:
    return times._replace(ended=begin + (times.duration or _NO_TIME)) if begin else times


def _begin(times: Times) -> datetime | None:
    """When the conversation began by what the hangup says."""
    return times.ended - times.duration if times.ended and times.duration else None
