"""Databases with years of calls, their figures kept as maintenance keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

import psycopg2

from chalicelib.maintenance import call_figures
from chalicelib.platform.postgres import Connection
from infra.bench.report import say
from infra.bench.testbed import Testbed, opened
from infra.demonstration.fill import END
from infra.demonstration.grow import grow

#: Calls, and how many of them on each day: five weeks, a year, five years of a larger centre.
SIZES = {100_000: 2_740, 1_000_000: 2_740}
LARGEST = {10_000_000: 5_480}
#: Midnight after the last call, UTC.
LAST = datetime.combine(END, time())
_SETTLED = (
    "calls.success",
    "calls.cancelled",
    "calls.failed",
    "calls.forks",
    "ivrhuntq.huntq_calls",
    "ledger.call_figures",
)


@dataclass(frozen=True)
class GrownPlace:
    """A database with many calls: its stack, how many calls, how many on each day, and two connections."""

    bed: Testbed
    calls: int
    per_day: int
    reader: Any
    owner: Any

    def first(self, statement: str, parameters: object = None) -> Any:  # noqa: ANN401 - any value of PostgreSQL
        """Return the first value of the reader's result."""
        with self.reader.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchone()[0]


@contextmanager
def grown(*, largest: bool) -> Iterator[list[GrownPlace]]:
    """Make a database of each size, and yield them."""
    with ExitStack() as parts:
        yield [_made(parts, calls, per_day) for calls, per_day in (SIZES | (LARGEST if largest else {})).items()]


def _made(parts: ExitStack, calls: int, per_day: int) -> GrownPlace:
    place = parts.enter_context(opened(calls=0))
    made = grow(place.owner_url, calls, per_day, _progress)
    _keep_figures(place.owner_url)
    reader = parts.enter_context(closing(psycopg2.connect(place.role_url("reader"))))
    owner = parts.enter_context(closing(psycopg2.connect(place.owner_url)))
    reader.autocommit = owner.autocommit = True
    with reader.cursor() as cursor:
        # A busy machine is slower than the reader's limits.
        cursor.execute("set statement_timeout = 0; set transaction_timeout = 0")
        cursor.execute("set max_parallel_workers_per_gather = 0")
    with owner.cursor() as cursor:
        # PostgreSQL would do it while a report is measured.
        for table in _SETTLED:
            cursor.execute(f"vacuum (analyze) {table}")
        cursor.execute("checkpoint")
    say("\r" + " " * 60 + "\r")
    return GrownPlace(place, made, per_day, reader, owner)


def _keep_figures(owner_url: str) -> None:
    owner = Connection(owner_url)
    while call_figures.refresh(owner, LAST, seconds=10):
        (left,) = owner.execute("SELECT count(DISTINCT day) FROM ledger.changed_days")[0]
        say(f"\r  keeping figures: {left:,} days left   ")
    owner.close()


def _progress(done: int, total: int) -> None:
    say(f"\r  making calls: {done:,} of {total:,}")
