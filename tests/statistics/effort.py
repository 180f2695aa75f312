"""The guard's work on a text, in a unit that does not depend on the machine's speed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from pglast import parser

from chalicelib.errors import Refused
from chalicelib.statistics import guard

#: The unit is the time of PostgreSQL's parser for a list of seven thousand numbers.
UNIT = "select 1" + ",1" * 7_000
TRIES = 5
#: About 50 ms of processor time on an ordinary machine.
LIMIT = 25


def effort(sql: str) -> float:
    """Return the processor time to check `sql`, in units."""
    return _seconds(lambda: _check(sql)) / _seconds(lambda: parser.parse_sql_json(UNIT))


def _check(sql: str) -> None:
    with suppress(Refused):
        guard.check.__wrapped__(sql, "data")


def _seconds(work: Callable[[], object]) -> float:
    durations = []
    for _ in range(TRIES):
        started = time.thread_time()
        work()
        durations.append(time.thread_time() - started)
    return min(durations)
