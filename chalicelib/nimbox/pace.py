"""The rate of requests: a token bucket that threads share, and the pauses that a server asks for."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

# Jitter spreads over the whole wait, so that many clients do not return at the same time.
FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0
# The part of a second's allowance that may be used at once.
BURST = 0.1


@dataclass(frozen=True)
class Timing:
    """The sources of time and chance: a clock in seconds, a sleep, and a random number between 0 and 1."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    chance: Callable[[], float] = random.random


class Pace:
    """A limit of `rate` requests a second."""

    def __init__(self, rate: float, timing: Timing) -> None:
        """Begin with a full allowance."""
        self._interval = 1 / rate
        self._allowance = BURST
        self._timing = timing
        self._lock = threading.Lock()
        self._next = timing.now() - self._allowance

    def wait(self) -> None:
        """Wait until the next request may begin."""
        with self._lock:
            now = self._timing.now()
            self._next = max(self._next, now - self._allowance)
            due, self._next = self._next, self._next + self._interval
        if due > now:
            self._timing.sleep(due - now)

    def pause(self, seconds: float) -> None:
        """Hold all requests for `seconds`."""
        with self._lock:
            self._next = max(self._next, self._timing.now() + seconds)


def backoff(attempt: int, timing: Timing) -> float:
    """Return the seconds to wait after failure number `attempt`, counted from 0."""
    ceiling: float = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
    return timing.chance() * ceiling
