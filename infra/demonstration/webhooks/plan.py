"""How many people call at which hour, and how many agents that takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

HOUR = 3_600
SATURDAY = 5
WEEKEND = 0.35
#: The agents that the centre plans beyond the expected work, in square roots of that work in erlangs.
SPARE = 0.65
#: The work for each agent of the live part in erlangs. Its hour never eases, so more would let the queues grow.
STEADY_LOAD = 0.85
#: Seconds of an agent's work a call: it rings, talks, and is written up.
WORK = 260.0

#: Agents work in these hours of the day in UTC, if there is work enough, in erlangs; else the centre is closed.
OPENS, CLOSES = 5, 19
LEAST_WORK = 0.2
#: The part of its calls that an hour keeps when the centre is closed: most people know when it is open.
WHILE_CLOSED = 0.35
# Calls by hour of the day in UTC: the office hours of Moscow, and few at night.
_HOURS = (1, 1, 1, 1, 2, 4, 14, 24, 30, 30, 28, 24, 26, 29, 28, 22, 14, 8, 5, 4, 3, 2, 1, 1)
_HOURS_A_WEEK = 168


@dataclass(frozen=True)
class Plan:
    """The plan of an ordinary month, with so many calls on an average day.

    The centre opens for hours with `least_work`, in erlangs.
    """

    calls_a_day: float
    least_work: float = LEAST_WORK

    @cached_property
    def _rates(self) -> list[float]:
        """The expected calls a second in each hour of a week."""
        wishes = [_HOURS[hour % 24] * (WEEKEND if hour // 24 >= SATURDAY else 1.0) for hour in range(_HOURS_A_WEEK)]
        scale = self.calls_a_day * 7 / HOUR / sum(wishes)
        kept = [wish * (1.0 if self._is_open(hour, wish * scale) else WHILE_CLOSED) for hour, wish in enumerate(wishes)]
        return [rate * self.calls_a_day * 7 / HOUR / sum(kept) for rate in kept]

    @cached_property
    def _teams(self) -> list[int]:
        """The agents in each hour of a week."""
        return [_team_for(rate * WORK) if self._is_open(hour, rate) else 0 for hour, rate in enumerate(self._rates)]

    @cached_property
    def highest_rate(self) -> float:
        """The calls a second at the busiest hour."""
        return max(self._rates)

    @cached_property
    def largest_team(self) -> int:
        """The agents at the busiest hour."""
        return max(1, *self._teams)

    def rate(self, at: float) -> float:
        """Return the expected calls a second."""
        return self._rates[_hour_of_week(at)]

    def positions(self, at: float) -> int:
        """Return how many agents are to be at work; none while the centre is closed."""
        return self._teams[_hour_of_week(at)]

    def _is_open(self, hour: int, rate: float) -> bool:
        return OPENS <= hour % 24 < CLOSES and rate * WORK >= self.least_work


def _hour_of_week(at: float) -> int:
    moment = datetime.fromtimestamp(at, UTC)
    return moment.weekday() * 24 + moment.hour


def _team_for(work: float) -> int:
    return max(1, math.ceil(work + SPARE * math.sqrt(work)))


@dataclass(frozen=True)
class SteadyPlan:
    """A plan with the same number of calls at every hour, for the live part of the demonstration."""

    highest_rate: float

    def rate(self, _at: float) -> float:
        """Return the expected calls a second."""
        return self.highest_rate

    def positions(self, _at: float) -> int:
        """Return how many agents are to be at work."""
        return max(1, math.ceil(self.highest_rate * WORK / STEADY_LOAD))


@dataclass(frozen=True)
class ContinuedPlan:
    """The plan `before` until the time `end`, and the plan `after` from then on."""

    before: Plan
    after: SteadyPlan
    end: float

    @property
    def highest_rate(self) -> float:
        """The calls a second at the busiest hour."""
        return max(self.before.highest_rate, self.after.highest_rate)

    def rate(self, at: float) -> float:
        """Return the expected calls a second."""
        return self._plan(at).rate(at)

    def positions(self, at: float) -> int:
        """Return how many agents are to be at work."""
        return self._plan(at).positions(at)

    def _plan(self, at: float) -> Plan | SteadyPlan:
        return self.before if at < self.end else self.after
