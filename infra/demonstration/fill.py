"""Fills the documented tables for measurements with COPY, past the webhooks; equal arguments give equal rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from random import Random

import psycopg2
import psycopg2.extensions
from psycopg2 import sql

from chalicelib.catalog import TABLES
from infra.demonstration import surroundings
from infra.demonstration.centre import DAY, Centre, CentreClock
from infra.demonstration.days import play, quotas
from infra.demonstration.row_sender import Rows

Progress = Callable[[int, int], None]

END = date(2026, 11, 1)
CALLS_A_DAY_AND_AGENT = 25
FEWEST_AGENTS = 30


def fill(  # noqa: PLR0913 - each has a default and is given by name
    database_url: str,
    calls: int = 20_000,
    progress: Progress | None = None,
    *,
    days: int = 30,
    seed: int = 1,
    end: date = END,
    level: bool = False,
) -> None:
    """Put `calls` call records of the `days` days before `end` into the empty tables, all or nothing.

    Weekends are quiet unless `level`, which gives each day the same number of calls. `progress` gets the
    numbers of calls done and wanted. The first two rows of calls.success are those of the protocol's example.
    """
    with transaction(database_url) as connection:
        clock = CentreClock(end - timedelta(days), days)
        agents = max(FEWEST_AGENTS, calls // days // CALLS_A_DAY_AND_AGENT)
        rows = Rows(connection)
        centre = Centre(Random(seed), clock, rows, agents)  # noqa: S311 - rows, not secrets
        surroundings.reference(centre)
        done = 0
        for midnight, quota in zip(range(0, days * DAY, DAY), quotas(clock, days, calls, level=level), strict=True):
            play(centre, midnight, quota)
            done += quota
            if progress is not None:
                progress(done, calls)
        rows.finish()
        analyze(connection)


def analyze(connection: psycopg2.extensions.connection) -> None:
    """Update the planner's statistics of the documented tables."""
    with connection.cursor() as cursor:
        for schema, tables in TABLES.items():
            for table in tables:
                cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(schema, table)))


@contextmanager
def transaction(database_url: str) -> Iterator[psycopg2.extensions.connection]:
    """Open a connection whose work is committed when the block ends, and rolled back when it raises."""
    with closing(psycopg2.connect(database_url)) as connection, connection:
        yield connection
