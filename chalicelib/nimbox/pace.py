"""How fast a server is asked: a token bucket that threads share, and pauses that the server asks for."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

# Jitter is spread over the whole wait, so that many clients do not come back together.
FIRST_WAIT = 0.5
LONGEST_WAIT = 8.0
# So much of a second's allowance may be used at once.
BURST = 0.1


@dataclass(frozen=True)
class Timing:
    """The clock in seconds, the way to wait, and chance between 0 and 1."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    chance: Callable[[], float] = random.random


class Pace:
    """Lets requests pass at no more than `rate` a second."""

    def __init__(self, rate: float, timing: Timing) -> None:
        """Begin with a full allowance."""
        self._interval = 1 / rate
        self._allowance = BURST
        self._timing = timing
        self._lock = threading.Lock()
        self._next = timing.now() - self._allowance

    def wait(self) -> None:
        """Return when the next request may go."""
        with self._lock:
            now = self._timing.now()
            self._next = max(self._next, now - self._allowance)
            due, self._next = self._next, self._next + self._interval
        if due > now:
            self._timing.sleep(due - now)

    def pause(self, seconds: float) -> None:
        """Let nothing pass for so long."""
        with self._lock:
            self._next = max(self._next, self._timing.now() + seconds)


def backoff(attempt: int, timing: Timing) -> float:
    """How long to wait after failure number `attempt`, from 0, in seconds."""
    ceiling: float = min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
    return timing.chance() * ceiling
