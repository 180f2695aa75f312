"""Measurements: taken in turns with a peer in one run, and shown as a ratio to it."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Clock = Callable[[], float]
Work = Callable[[], object]


@dataclass(frozen=True)
class Figure:
    """One measured figure, its peer, and its bound."""

    what: str
    value: str
    against: str = ""
    ratio: float | None = None
    at_most: float | None = None
    at_least: float | None = None

    @property
    def kept(self) -> bool:
        """Return True when the ratio keeps its bound, or there is none."""
        if self.ratio is None:
            return True
        return (self.at_most is None or self.ratio <= self.at_most) and (
            self.at_least is None or self.ratio >= self.at_least
        )


def alternating(works: Mapping[str, Work], rounds: int, clock: Clock = time.perf_counter) -> dict[str, float]:
    """Return the median seconds of each work, run in turns so that other load on the machine affects all alike."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(rounds):
        for name, work in works.items():
            began = clock()
            work()
            taken[name].append(clock() - began)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def show(title: str, lines: Iterable[Figure]) -> bool:
    """Print the figures as they come; return True when all keep their bounds."""
    say(f"\n{title}\n")
    kept = True
    for line in lines:
        kept = kept and line.kept
        say(f"  {line.what:<58}{line.value:>14}{_comparison(line)}\n")
    return kept


def say(text: str) -> None:
    """Write `text` at once: measurements take long, and their reader sees the progress."""
    sys.stdout.write(text)
    sys.stdout.flush()


def milliseconds(seconds: float) -> str:
    """Return a duration in words."""
    return f"{seconds * 1_000:.2f} ms" if seconds >= 0.001 else f"{seconds * 1_000_000:.2f} µs"


def _comparison(line: Figure) -> str:
    if line.ratio is None:
        return f"   {line.against}" if line.against else ""
    bound = f"≤ {line.at_most:g}" if line.at_most is not None else f"≥ {line.at_least:g}" if line.at_least else ""
    verdict = ("" if not bound else f"  ({bound})") + ("" if line.kept else "  MISSED")
    return f"   {line.ratio:.2f} × {line.against}{verdict}"
