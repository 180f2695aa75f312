"""How many people call at which hour, and how many agents that takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

HOUR = 3_600
SATURDAY = 5
WEEKEND = 0.35
#: The work that the centre plans for each agent, in erlangs: a little too much, so that callers have to wait at times.
LOAD = 1.05
#: That work in the live part, whose hour never eases: more would leave every agent talking and the queues growing.
STEADY_LOAD = 0.85
#: Seconds of an agent's work a call: it rings, talks, and is written up.
WORK = 260.0

# Calls by hour of the day in UTC: the office hours of Moscow, and few at night.
_HOURS = (1, 1, 1, 1, 2, 4, 14, 24, 30, 30, 28, 24, 26, 29, 28, 22, 14, 8, 5, 4, 3, 2, 1, 1)
_DAY = sum(_HOURS)


@dataclass(frozen=True)
class Plan:
    """The plan of an ordinary month, with so many calls on an average day."""

    calls_a_day: float

    def rate(self, at: float) -> float:
        """Return the expected calls a second."""
        moment = datetime.fromtimestamp(at, UTC)
        weekday = 7 / (5 + 2 * WEEKEND)
        share = weekday * (WEEKEND if moment.weekday() >= SATURDAY else 1.0)
        return self.calls_a_day * share * _HOURS[moment.hour] / _DAY / HOUR

    @property
    def highest_rate(self) -> float:
        """The calls a second at the busiest hour."""
        return self.calls_a_day * 7 / (5 + 2 * WEEKEND) * max(_HOURS) / _DAY / HOUR

    def positions(self, at: float) -> int:
        """Return how many agents are to be at work."""
        return max(1, math.ceil(self.rate(at) * WORK / LOAD))


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
