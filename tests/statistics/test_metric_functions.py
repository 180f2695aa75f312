"""Figures over moments and slots of time agree with the joins that they replace, and bound their work."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chalicelib.errors import Refused
from chalicelib.settings import Settings
from chalicelib.statistics import guard, reads
from tests.databases import refusal, run

TALKS = """
INSERT INTO calls.success (inviteid, invitedt, ausername, aouter, busername, bouter, start_dt, stop_dt)
SELECT gen_random_uuid(), begin, '205', false, CASE number %% 3 WHEN 0 THEN '206' ELSE 'outside' END, number %% 3 > 0,
    begin + interval '7 seconds', begin + interval '7 seconds' + (number %% 11) * interval '97 seconds'
FROM generate_series(0, 400) AS number
CROSS JOIN LATERAL (SELECT timestamp '2026-10-13 22:00' + number * interval '83 seconds') AS at (begin)
"""
JOINED = """
SELECT moment, count(inviteid) FROM generate_series(
    timestamp '2026-10-14', timestamp '2026-10-14 05:59', interval '1 minute'
) AS moment LEFT JOIN calls.success ON start_dt <= moment AND stop_dt > moment GROUP BY moment ORDER BY moment
"""
SLOTS = """
SELECT slot, name, count(*), sum(extract(epoch FROM
    least(stop_dt, slot + interval '15 minutes') - greatest(start_dt, slot)
))::bigint
FROM generate_series(timestamp '2026-10-14', timestamp '2026-10-14 05:45', interval '15 minutes') AS slot
JOIN calls.success ON start_dt < slot + interval '15 minutes' AND stop_dt > slot AND stop_dt > start_dt
CROSS JOIN LATERAL (VALUES (ausername, aouter), (busername, bouter)) AS side (name, is_outer)
WHERE NOT is_outer GROUP BY slot, name ORDER BY slot, name
"""
PERIOD = "'2026-10-14', '2026-10-14 06:00'"
WRONG = {
    "no step": f"{PERIOD}, '0 seconds'",
    "a step back": f"{PERIOD}, '-1 minute'",
    "a step below a second": f"{PERIOD}, '1 millisecond'",
    "no end": "'2026-10-14', 'infinity', '1 minute'",
    "an unknown end": "'2026-10-14', NULL, '1 minute'",
    "an end before the beginning": "'2026-10-14', '2026-10-13', '1 minute'",
    "too many steps": "'2000-01-01', '2026-10-14', '1 minute'",
}


@pytest.fixture(scope="module")
def reader(database: Settings) -> str:
    """Return the reader's URL of a database with overlapping talks."""
    run(database.owner_database_url, TALKS, [])
    return database.reader_database_url


def test_concurrency_agrees_with_the_join(reader: str) -> None:
    """Each moment has the number of talks that are on, also of those that began before the period."""
    figures = run(reader, f"SELECT * FROM metrics.concurrency({PERIOD}, '1 minute')")
    assert figures == run(reader, JOINED)
    assert max(calls for _, calls in figures if isinstance(calls, int)) > 5


def test_slots_of_agents_agree_with_the_join(reader: str) -> None:
    """Each slot has the talks of each inner side, and their seconds within the slot."""
    assert run(reader, f"SELECT * FROM metrics.agent_slots({PERIOD}, '15 minutes')") == run(reader, SLOTS)


def test_the_seconds_do_not_depend_on_the_slots(reader: str) -> None:
    """Slots cut talks into parts and lose nothing."""
    query = "SELECT sum(seconds) FROM metrics.agent_slots('2026-10-13', '2026-10-15', %s)"
    assert len({total for step in ("1 minute", "7 minutes", "2 days") for (total,) in run(reader, query, [step])}) == 1
    assert run(reader, query, ["1 hour"]) > [(Decimal(0),)]


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("function", ["concurrency", "agent_slots"])
def test_wrong_periods_are_refused(reader: str, function: str, arguments: str) -> None:
    """A period without bounds or with too many steps is an error of the caller."""
    assert refusal(reader, f"SELECT * FROM metrics.{function}({arguments})") == "22023"


def test_queries_may_call_the_functions() -> None:
    """The guard knows the functions and their columns; their answers have no ETag, since the query names no table."""
    query = f"select c.moment, max(c.calls) from metrics.concurrency({PERIOD}, '1 minute') c group by 1"
    guard.check(query, guard.ANY_BEGINNING)
    assert reads.tables(query) is None


@pytest.mark.parametrize("call", ["metrics.steps(now(), now(), '1 day')", "concurrency(1)", "ledger.concurrency(1)"])
def test_queries_may_call_no_other_functions(call: str) -> None:
    """Other functions of the schema and of other schemas are refused."""
    with pytest.raises(Refused):
        guard.check(f"select * from {call}", guard.ANY_BEGINNING)
