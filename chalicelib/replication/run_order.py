"""The order of runs: interrupted runs first, then one run for each source. A source that is away stops no other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from chalicelib.replication import replicate
from chalicelib.replication.replicate import RunContext, SourceAway
from chalicelib.replication.runs import Run, RunRequest


class FinishedRun(NamedTuple):
    """A run that has ended or was put aside. `waiting` are the sources that still have to be read."""

    run: Run
    resumed: bool
    waiting: tuple[str, ...]


def run_sources(
    context: RunContext, sources: Sequence[str], plan: Callable[[str], RunRequest], number: int | None = None
) -> Iterator[FinishedRun]:
    """Resume every interrupted run, the run `number` first, then start one for each source. Yield each when it ends.

    A run without an outcome means that the time is over: the caller should stop. Raise SourceAway when everything else
    is done, and any other error of `replicate.start` at once.
    """
    waiting = list(sources)
    away: dict[str, SourceAway] = {}
    first = number
    while True:
        try:
            resumed, first = _resume(context, first, list(away)), None
            started = None if resumed else _start_next(context, waiting, plan, set(away))
        except SourceAway as error:
            away[error.origin] = error
            first = None
            continue
        run = resumed or started
        if run is None:
            break
        yield FinishedRun(run, resumed is not None, tuple(waiting))
    if away:
        raise next(iter(away.values()))


def _resume(context: RunContext, number: int | None, away: Sequence[str]) -> Run | None:
    run = replicate.resume(context, number) if number is not None else None
    return run or replicate.resume(context, excluded_sources=away)


def _start_next(
    context: RunContext, waiting: list[str], plan: Callable[[str], RunRequest], away: set[str]
) -> Run | None:
    """Start a run for the first waiting source that is not away, and remove it from `waiting`."""
    while waiting:
        source = waiting.pop(0)
        if source not in away:
            return replicate.start(context, plan(source))
    return None
