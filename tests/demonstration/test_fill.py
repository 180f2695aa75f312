"""Filling: the protocol's example comes first, equal arguments give equal rows, and growth keeps days equal."""

from __future__ import annotations

from datetime import date

import pytest

from chalicelib.admin.migrations import migrate
from chalicelib.catalog import TABLES
from infra.demonstration.fill import fill
from infra.demonstration.grow import grow
from tests.databases import Server, run
from tests.demonstration.conftest import CALLS

EVERYTHING = [f"{schema}.{table}" for schema, tables in TABLES.items() for table in tables]


def _rows(url: str) -> dict[str, object]:
    """Return a digest of each table's rows in their physical order."""
    return {
        table: run(url, f"SELECT md5(string_agg(t::text, '|' ORDER BY ctid)) FROM {table} AS t")[0][0]
        for table in EVERYTHING
    }


@pytest.fixture
def prepared(empty_database: str) -> str:
    """Return a migrated database without rows."""
    migrate(empty_database)
    return empty_database


def test_the_protocols_example_gets_the_protocols_answer(filled: str) -> None:
    """The example query, which has no ORDER BY, returns the two example calls first."""
    rows = run(
        filled, "select inviteid::text,anumber,acallednum,bnumber,duration,stopreason from calls.success limit 2"
    )
    number, reason = "375291831767", '<<"Bye from side a">>'
    assert rows == [
        ("a72866b5-0631-87dd-2624-0900000334b5", "205", number, number, 19, reason),
        ("cb1a456e-0631-883c-c444-5c00000334b5", "205", number, number, 22, reason),
    ]


def test_the_same_arguments_give_the_same_rows(server: Server) -> None:
    """Two fills with equal arguments agree in every byte; different seeds give different rows."""
    digests = []
    for seed in (7, 7, 8):
        url = server.migrated_database()
        fill(url, 300, days=3, seed=seed)
        digests.append(_rows(url))

    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


@pytest.mark.usefixtures("filled")
def test_progress_ends_with_all(progress: list[tuple[int, int]]) -> None:
    """Progress rises to the number of calls asked for."""
    assert progress == sorted(progress)
    assert progress[-1] == (CALLS, CALLS)


def test_calls_lie_in_the_period(prepared: str) -> None:
    """All calls are in the days before the period's end, which is an argument."""
    fill(prepared, 200, days=2, end=date(2024, 3, 1))

    assert run(prepared, "SELECT min(invitedt)::date::text, max(invitedt)::date::text FROM calls.success") == [
        ("2024-02-28", "2024-02-29")
    ]


def test_a_fill_that_fails_leaves_nothing(prepared: str) -> None:
    """An interrupted fill leaves no rows, so the next start fills again."""

    def interrupted(done: int, _total: int) -> None:
        if done > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(prepared, 300, interrupted, days=3)
    assert run(prepared, "SELECT count(*) FROM calls.success") == [(0,)]


def test_growth_repeats_days_of_the_same_size(prepared: str) -> None:
    """Each day has an equal number of calls, identifiers stay unique, and the indexes exist again."""
    indexes = "SELECT count(*) FROM pg_indexes WHERE schemaname = 'calls'"
    before = run(prepared, indexes)
    made = grow(prepared, 2_500, 50)

    calls = """SELECT inviteid, invitedt, dial_dt FROM calls.success
        UNION ALL SELECT inviteid, invitedt, dial_dt FROM calls.cancelled
        UNION ALL SELECT inviteid, invitedt, NULL FROM calls.failed"""
    a_day = run(prepared, f"SELECT count(*) FROM ({calls}) AS c GROUP BY date_trunc('day', invitedt)")
    assert made == 3_000
    assert a_day == [(50,)] * 60
    assert run(prepared, f"SELECT count(DISTINCT inviteid) FROM ({calls}) AS c") == [(made,)]
    assert run(prepared, indexes) == before


def test_a_grown_call_keeps_its_parts(prepared: str) -> None:
    """Forks are repeated with their calls: each success still has one answered fork."""
    grow(prepared, 2_500, 50)

    assert run(
        prepared,
        "SELECT count(*), count(DISTINCT inviteid) = count(*) FROM calls.success"
        " JOIN calls.forks USING (inviteid, invitedt) WHERE isanswered",
    ) == [(run(prepared, "SELECT count(*) FROM calls.success")[0][0], True)]
