"""The rate of requests to a CRM: a short burst, then a fixed interval, and longer waits after failures."""

from __future__ import annotations

import pytest

from chalicelib.nimbox.pace import Pace, Timing, backoff


class Clock:
    """A clock that only moves when the code waits."""

    def __init__(self) -> None:
        """Begin at an arbitrary time."""
        self.now = 1_000.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.waits.append(round(seconds, 6))
        self.now += seconds

    def timing(self, chance: float = 1.0) -> Timing:
        """Return this clock with a constant chance."""
        return Timing(lambda: self.now, self.sleep, lambda: chance)


def test_a_burst_is_a_tenth_of_a_second() -> None:
    """At 100 requests a second, eleven pass at once. Idle time earns no more."""
    clock = Clock()
    pace = Pace(100, clock.timing())
    for _ in range(11):
        pace.wait()
    assert not any(clock.waits)
    pace.wait()
    assert clock.waits[-1] == 0.01

    clock.now += 3_600
    clock.waits.clear()
    for _ in range(11):
        pace.wait()
    assert not any(clock.waits)
    pace.wait()
    assert clock.waits[-1] == 0.01


@pytest.mark.parametrize(("attempt", "longest"), [(0, 0.5), (1, 1.0), (3, 4.0), (4, 8.0), (5, 8.0), (60, 8.0)])
def test_pauses_double_up_to_eight_seconds(attempt: int, longest: float) -> None:
    """The longest pause doubles after each failure, and chance spreads it over that time."""
    assert backoff(attempt, Clock().timing()) == longest
    assert backoff(attempt, Clock().timing(chance=0.25)) == longest / 4
