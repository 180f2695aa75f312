"""Puts the times of a leg and of a row in order where a provider's clocks contradict each other.

A leg is dialled, then answered, then ended. Where its events say otherwise, one clock is wrong: the one that disagrees
with the two others. The duration that the hangup states decides what the wrong time should have been. A leg that seems
to last far longer than its stated duration has a wrong clock, too.
"""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import NamedTuple

#: Clocks of one PBX differ by this much without being wrong.
JITTER = timedelta(seconds=2)
#: Clocks that are wrong by a time zone are wrong by half an hour or more; a leg that is longer by less is believed.
OVERRUN = timedelta(minutes=25)
#: A shorter Duration is in another unit than it should be, and proves nothing.
SHORTEST_DURATION = timedelta(seconds=1)
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
        return _shortened(times) if times.duration else times
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


def _shortened(times: Times) -> Times:
    """Return times in order that agree with the duration, unless they do so already or it proves nothing."""
    begin, ended, duration = times.answered or times.dialled, times.ended, times.duration or _NO_TIME
    if begin is None or ended is None or duration < SHORTEST_DURATION or ended - begin < duration + OVERRUN:
        return times
    if times.dialled is None:
        return times._replace(answered=ended - duration)
    return times._replace(ended=begin + duration)


def _end_moved(times: Times, begin: datetime | None) -> Times:
    return times._replace(ended=begin + (times.duration or _NO_TIME)) if begin else times


def _begin(times: Times) -> datetime | None:
    """When the conversation began by what the hangup says."""
    return times.ended - times.duration if times.ended and times.duration else None
