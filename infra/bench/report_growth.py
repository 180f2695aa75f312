"""Ringledger's own reports for a month and a year, and the present state, on growing tables.

Each report is compared with a sequential count of the answered calls of its period, without indexes and further
processes: a unit that knows the machine and the number of calls.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.statistics import operational, query_parameters, report_values
from chalicelib.statistics.own_reports import own_reports
from chalicelib.statistics.report_definitions import ReportDefinition
from infra.bench.grown_places import LAST, GrownPlace
from infra.bench.plans import plan_of, shape
from infra.bench.report import Figure, milliseconds, say

#: The channel sends rows in this way.
SENT = "copy (select row_to_json(w)::text from ({query}) w) to stdout"
ROUNDS = 5
#: Seconds: a slow report is not repeated.
PATIENCE = 5.0
ZONE = ZoneInfo("Europe/Moscow")
COUNT = "select count(*) from calls.success where invitedt >= '{since}' and invitedt < '{until}'"
_STATEMENTS = Path(operational.__file__).with_name("operational")


class Period(NamedTuple):
    """A period of reports: its days, the seconds that a report may take, and its bound as a multiple of the count."""

    name: str
    days: int
    target: float
    bound: float


#: The count of a month is short beside the planning of a report.
PERIODS = (Period("month", 30, 1.0, 30), Period("year", 364, 3.0, 12))
PRESENT_TARGET = 0.05


class Nowhere:
    """A file that keeps nothing."""

    def write(self, part: bytes) -> int:
        """Drop `part`."""
        return len(part)


def lines(places: Sequence[GrownPlace]) -> Iterator[Figure]:
    """Measure each report for the periods that the places have, and each action of `operational`."""
    for place in places:
        for period in PERIODS:
            if period.days * place.per_day <= place.calls:
                yield from _reports(place, period)
        yield from _present(place)


def _reports(place: GrownPlace, period: Period) -> Iterator[Figure]:
    until = LAST - timedelta(days=1)
    since = until - timedelta(days=period.days)
    unit = _sequential(place, COUNT.format(since=since, until=until))
    yield Figure(f"a {period.name} among {place.calls:,} calls: counted", milliseconds(unit))
    for name, definition in own_reports().items():
        query = _bound(definition, since, until)
        seconds = _least(place, query)
        say("" if seconds <= period.target else f"  slower than its {period.target:g} s on an idle machine:\n")
        yield Figure(
            f"  {name}, a {period.name}", milliseconds(seconds), "the count", seconds / unit, at_most=period.bound
        )
        yield Figure("", "", shape(plan_of(place.reader, query)))


def _bound(definition: ReportDefinition, since: datetime, until: datetime) -> str:
    clock = report_values.SiteClock(LAST.replace(tzinfo=UTC), ZONE)
    given = {"from": since.date().isoformat(), "to": (until - timedelta(days=1)).date().isoformat()}
    values = report_values.values(definition, given, clock)
    used = query_parameters.names(definition.psql)
    return query_parameters.bound(definition.psql, {name: value for name, value in values.items() if name in used})


def _least(place: GrownPlace, query: str) -> float:
    """Return the least seconds of several runs: other load on the machine only adds to them."""
    taken = [_sent(place, query)]
    while len(taken) < ROUNDS and sum(taken) < PATIENCE:
        taken.append(_sent(place, query))
    return min(taken)


def _sent(place: GrownPlace, query: str) -> float:
    began = time.perf_counter()
    with place.reader.cursor() as cursor:
        cursor.copy_expert(SENT.format(query=query), Nowhere())
    return time.perf_counter() - began


def _sequential(place: GrownPlace, count: str) -> float:
    settings = ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan")
    with place.owner.cursor() as cursor:
        cursor.execute("set max_parallel_workers_per_gather = 0")
        for setting in settings:
            cursor.execute(f"set {setting} = off")
        taken = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            cursor.execute(count)
            taken.append(time.perf_counter() - began)
    return min(taken)


def _present(place: GrownPlace) -> Iterator[Figure]:
    """Measure `operational` at 18:00 of the last day, whose calls are not kept yet."""
    today = LAST - timedelta(days=1)
    now = today + timedelta(hours=18)
    with place.owner.cursor() as cursor:
        cursor.execute("insert into ledger.changed_days values (%s)", [today.date()])
        cursor.execute("analyze ledger.changed_days")
    week = timedelta(days=7)
    moments = {
        "now": now, "today": today, "week_ago": now - week, "day_week_ago": today - week,
        "yesterday": now - timedelta(days=1), "talk_age": timedelta(hours=4),
    }  # fmt: skip
    for action in operational.ACTIONS:
        statement = (_STATEMENTS / f"{action}.sql").read_text("utf-8")
        taken = []
        for _ in range(ROUNDS * 4):
            began = time.perf_counter()
            place.first(statement, moments)
            taken.append(time.perf_counter() - began)
        seconds = min(taken)
        yield Figure(
            f"  operational {action} among {place.calls:,} calls", milliseconds(seconds), "50 ms",
            seconds / PRESENT_TARGET, at_most=2,
        )  # fmt: skip
