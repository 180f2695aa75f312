"""A day's report on growing tables with the same number of calls on each day: it must not read them all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from functools import partial
from typing import Any

import psycopg2

from infra.bench.report import Figure, alternating, milliseconds, say
from infra.bench.testbed import opened
from infra.demonstration.fill import END
from infra.demonstration.grow import grow

SIZES = (100_000, 1_000_000)
LARGEST = 10_000_000
PER_DAY = 2_000
ROUNDS = 200
REPORT = """select date_trunc('hour', invitedt) as hour, count(*) as calls, sum(duration) as talk,
avg(dial_duration) as wait from calls.success where invitedt >= '{day}' and invitedt < '{next}' group by 1 order by 1"""


def lines(*, largest: bool) -> Iterator[Figure]:
    """Measure time, rows read and plan for each size, and compare the larger ones with the smallest."""
    day = END - timedelta(days=3)
    report = REPORT.format(day=day, next=day + timedelta(days=1))
    with ExitStack() as opened_places:
        grown = dict(_grown(opened_places, size) for size in ((*SIZES, LARGEST) if largest else SIZES))
        taken = alternating({name: partial(_run, reader, report) for name, reader in grown.items()}, ROUNDS)
        smallest, *_ = taken.values()
        for name, seconds in taken.items():
            ratio = None if seconds is smallest else seconds / smallest
            yield Figure(name, milliseconds(seconds), "the smallest", ratio, at_most=1.5)
            plan = _plan(grown[name], report)
            yield Figure("  rows read", f"{_rows_read(plan):,.0f}", " → ".join(_shape(plan)))


def _grown(places: ExitStack, size: int) -> tuple[str, Any]:
    """Make a database with at least `size` calls, and return the reader's connection to it."""
    place = places.enter_context(opened(calls=0))
    made = grow(place.owner_url, size, PER_DAY, _progress)
    say("\r" + " " * 60 + "\r")
    _settle(place.owner_url)
    reader = places.enter_context(closing(psycopg2.connect(place.role_url("reader"))))
    return f"a day among {made:,} calls", reader


def _settle(owner_url: str) -> None:
    """Let PostgreSQL finish what loading left behind, so that it does not do it while the report is measured."""
    with closing(psycopg2.connect(owner_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("vacuum (analyze) calls.success")
            cursor.execute("checkpoint")


def _run(connection: Any, report: str) -> None:  # noqa: ANN401 - the driver's own class
    with connection.cursor() as cursor:
        cursor.execute(report)
        cursor.fetchall()


def _plan(connection: Any, report: str) -> dict[str, Any]:  # noqa: ANN401 - as above
    with connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, timing off, format json) {report}")
        plan: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]
    return plan


def _rows_read(node: dict[str, Any]) -> float:
    """Rows that the plan's leaves took from the table, those that a filter threw away included."""
    children = node.get("Plans", ())
    if children and "Bitmap" not in node["Node Type"]:
        return sum(_rows_read(child) for child in children)
    removed = sum(value for name, value in node.items() if name.startswith("Rows Removed"))
    return float((node["Actual Rows"] + removed) * node["Actual Loops"])


def _shape(node: dict[str, Any]) -> Iterator[str]:
    for child in node.get("Plans", ()):
        yield from _shape(child)
    yield node["Node Type"] + (f" ({node['Index Name']})" if "Index Name" in node else "")


def _progress(done: int, total: int) -> None:
    say(f"\r  making calls: {done:,} of {total:,}")
