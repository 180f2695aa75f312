"""A day's report on growing tables: it must not read them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial

from infra.bench.grown_places import LAST, GrownPlace
from infra.bench.plan_shapes import plan_of, rows_read, shape
from infra.bench.report import Figure, alternating, milliseconds

ROUNDS = 200
REPORT = """select date_trunc('hour', invitedt) as hour, count(*) as calls, sum(duration) as talk,
avg(dial_duration) as wait from calls.success where invitedt >= '{day}' and invitedt < '{next}' group by 1 order by 1"""


def lines(places: Sequence[GrownPlace]) -> Iterator[Figure]:
    """Measure time, rows read and plan for each size, and compare a call's share with that of the smallest."""
    day = LAST - timedelta(days=3)
    report = REPORT.format(day=day, next=day + timedelta(days=1))
    taken = alternating({str(place.calls): partial(_run, place, report) for place in places}, ROUNDS)
    smallest = taken[str(places[0].calls)] / places[0].per_day
    for place in places:
        seconds = taken[str(place.calls)]
        ratio = None if place is places[0] else seconds / place.per_day / smallest
        yield Figure(
            f"a day of {place.per_day:,} among {place.calls:,} calls", milliseconds(seconds), "the smallest, a call",
            ratio, at_most=1.5,
        )  # fmt: skip
        plan = plan_of(place.reader, report)
        yield Figure("  rows read", f"{rows_read(plan):,.0f}", shape(plan))


def _run(place: GrownPlace, report: str) -> None:
    with place.reader.cursor() as cursor:
        cursor.execute(report)
        cursor.fetchall()
