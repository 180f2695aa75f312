"""Ringledger's own reports for a month and a year, and the present state, on growing tables.

Each report is compared with a sequential count of the answered calls of its period, without indexes: a unit that knows
the machine and the number of calls. Targets hold for processor time, which other load hardly changes; one process works
on each report here, although the reader may use three.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chalicelib.statistics import operational, query_parameters, report_values
from chalicelib.statistics.own_reports import own_reports
from chalicelib.statistics.report_definitions import ReportDefinition
from infra.bench import processor
from infra.bench.grown_places import LAST, GrownPlace
from infra.bench.plan_shapes import plan_of, shape
from infra.bench.report import Figure, milliseconds

#: The channel sends rows in this way.
SENT = "copy (select row_to_json(w)::text from ({query}) w) to stdout"
ROUNDS = 5
REPEATED = 30
#: Seconds: a slow report is not repeated.
PATIENCE = 5.0
ZONE = ZoneInfo("Europe/Moscow")
COUNT = "select count(*) from calls.success where invitedt >= '{since}' and invitedt < '{until}'"
_STATEMENTS = Path(operational.__file__).with_name("operational")


class ReportPeriod(NamedTuple):
    """A period of reports: its days, and the seconds that a report may take on an idle machine."""

    name: str
    days: int
    target: float


class QueryTime(NamedTuple):
    """The seconds of a query by the clock, and those of PostgreSQL's process for it."""

    clock: float
    processor: float


PERIODS = (ReportPeriod("month", 30, 1.0), ReportPeriod("year", 364, 3.0))
PRESENT_TARGET = 0.05
#: The kernel counts processor time in hundredths of a second.
_TICK = 0.01


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


def _reports(place: GrownPlace, period: ReportPeriod) -> Iterator[Figure]:
    until = LAST - timedelta(days=1)
    since = until - timedelta(days=period.days)
    unit = _sequential(place, COUNT.format(since=since, until=until))
    yield Figure(f"a {period.name} among {place.calls:,} calls: counted", milliseconds(unit.clock))
    for name, definition in own_reports().items():
        query = _bound(definition, since, until)
        taken = _least(place, query)
        yield Figure(
            f"  {name}, a {period.name}", milliseconds(taken.clock), f"{period.target:g} s of a processor",
            taken.processor / period.target, at_most=1.2,
        )  # fmt: skip
        ratio = taken.processor / max(unit.processor, _TICK)
        yield Figure("", "", f"{ratio:.1f} counts; {shape(plan_of(place.reader, query))}")


def _bound(definition: ReportDefinition, since: datetime, until: datetime) -> str:
    clock = report_values.SiteClock(LAST.replace(tzinfo=UTC), ZONE)
    given = {"from": since.date().isoformat(), "to": (until - timedelta(days=1)).date().isoformat()}
    values = report_values.values(definition, given, clock)
    used = query_parameters.names(definition.psql)
    return query_parameters.bound(definition.psql, {name: value for name, value in values.items() if name in used})


def _least(place: GrownPlace, query: str) -> QueryTime:
    """Return the least seconds of several runs: other load on the machine only adds to them."""
    server = place.first("select pg_backend_pid()")
    taken: list[QueryTime] = []
    while not taken or (len(taken) < ROUNDS and sum(run.clock for run in taken) < PATIENCE):
        taken.append(_measured(server, lambda: _send(place, query)))
    return QueryTime(min(run.clock for run in taken), min(run.processor for run in taken))


def _send(place: GrownPlace, query: str) -> None:
    with place.reader.cursor() as cursor:
        cursor.copy_expert(SENT.format(query=query), Nowhere())


def _measured(server: int, work: Callable[[], object]) -> QueryTime:
    began, used = time.perf_counter(), processor.seconds_of(server)
    work()
    return QueryTime(time.perf_counter() - began, processor.seconds_of(server) - used)


def _sequential(place: GrownPlace, count: str) -> QueryTime:
    with place.owner.cursor() as cursor:
        for setting in ("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"):
            cursor.execute(f"set {setting} = off")
        cursor.execute("set max_parallel_workers_per_gather = 0")
        cursor.execute("select pg_backend_pid()")
        (server,) = cursor.fetchone()
        taken = [_measured(server, lambda: cursor.execute(count)) for _ in range(ROUNDS)]
    return QueryTime(min(run.clock for run in taken), min(run.processor for run in taken))


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
    server = place.first("select pg_backend_pid()")
    for action in operational.ACTIONS:
        statement = (_STATEMENTS / f"{action}.sql").read_text("utf-8")
        place.first(statement, moments)
        taken = _measured(server, lambda: [place.first(statement, moments) for _ in range(REPEATED)])  # noqa: B023
        yield Figure(
            f"  operational {action} among {place.calls:,} calls", milliseconds(taken.clock / REPEATED),
            "50 ms of a processor", taken.processor / REPEATED / PRESENT_TARGET, at_most=1,
        )  # fmt: skip
