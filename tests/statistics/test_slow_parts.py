"""Error texts of queries that ran out of time: which part was slow, and how others write it."""

from __future__ import annotations

import pytest

from chalicelib.statistics import slow_parts

MOMENTS = "generate_series(timestamp '2026-10-01', timestamp '2026-11-01', interval '1 minute')"

SLOW = {
    f"select m, count(inviteid) from {MOMENTS} m left join calls.success on start_dt <= m and stop_dt > m group by m": (
        "at `start_dt`",
        "select * from metrics.concurrency(",
    ),
    f"select m, (select count(*) from calls.success s where s.start_dt <= m and s.stop_dt > m) from {MOMENTS} m": (
        "at `s.start_dt`",
        "metrics.concurrency(",
    ),
    f"select slot, busername, count(*) from {MOMENTS} slot join calls.success s"
    " on s.busername = '205' and s.start_dt < slot + interval '15 minutes' and s.stop_dt > slot group by 1, 2": (
        "at `s.start_dt`",
        "metrics.agent_slots(",
    ),
    "select count(*) from calls.cancelled c where not exists (select from calls.success s"
    " where (s.anumber = c.fromnumber or s.bnumber = c.fromnumber) and s.invitedt > c.invitedt)": (
        "condition with `or` (line 1, column",
        "exists",
    ),
    "select count(*) from calls.cancelled c join calls.success s on right(s.bnumber, 7) = right(c.fromnumber, 7)": (
        "at `right(s.bnumber,`",
        "only right(number, 9) has an index",
    ),
    "select count(*) from calls.success where bnumber like '%831767'": ("at `bnumber`", "right(bnumber, 9) ="),
}

OTHERS = [
    "select count(*) from calls.success",
    "select count(*) from calls.success where bnumber = '205' or bnumber = '206'",
    "select count(*) from calls.success where start_dt > invitedt and stop_dt > start_dt",
    "select right(bnumber, 4), count(*) from calls.success group by 1",
    "select count(*) from calls.success where right(bnumber, 9) = '291831767'",
    "select count(*) from calls.success where bnumber like '375%'",
    "select (",
]


@pytest.mark.parametrize("query", SLOW)
def test_a_slow_part_is_named_with_its_place(query: str) -> None:
    """The advice names the place in the query and what to write."""
    place, remedy = SLOW[query]

    assert slow_parts.advice(query).startswith("the slow part is ")
    assert place in slow_parts.advice(query)
    assert remedy in slow_parts.advice(query)


@pytest.mark.parametrize("query", OTHERS)
def test_no_part_of_other_queries_is_blamed(query: str) -> None:
    """A query without a part that is known to be slow gets no such advice."""
    assert slow_parts.advice(query) == ""
