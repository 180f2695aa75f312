"""Rows of a CDR table: legs of one call, values of any kind, and times in the hour that occurs twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chalicelib.replication import cdr, cdr_rows, number_rules
from chalicelib.replication.cdr import Asterisk
from chalicelib.replication.cdr_rows import CdrRow, TableClock
from tests.replication.house import NOW

CARACAS, BERLIN = ZoneInfo("America/Caracas"), ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_an_unanswered_leg_never_describes_an_answered_call(order: tuple[int, ...]) -> None:
    """With `whole`, a leg that rang for long is no match for the leg that was answered, in any order."""
    legs = [
        {"duration": 45, "disposition": "ANSWERED", "uniqueid": "b"},
        {"duration": 60, "disposition": "NO ANSWER", "uniqueid": "a"},
        {"duration": 300, "disposition": "FAILED", "uniqueid": "z"},
    ]
    source = cdr.Cdr(Asterisk("mysql://", "cdr", CARACAS, unanswered="whole"), number_rules.rules("minimum:7"))
    rows = [CdrRow(moment=NOW, src="7222", dst="74950000001", **legs[number]) for number in order]  # type: ignore[arg-type]
    found = [leg for row in rows if (leg := source._leg(row, NOW - DAY, NOW + DAY))]

    assert [(each.duration, each.reference) for each in cdr._distinct(found, NOW + DAY)[0]] == [(45, "b")]


def test_rows_of_no_shape() -> None:
    """An invalid duration is 0, texts of any length and kind are accepted, and a row without a time is left out."""
    row = {"moment": NOW, "src": "a\0" * 300, "dst": "74950000001", "uniqueid": None}
    rows = [cdr_rows.read({**row, "duration": each}) for each in (None, "", "x", float("nan"), -5, "0.9", b"0")]

    assert {each.duration for each in rows if each} == {0}
    assert {each.src for each in rows if each} == {"a" * 255}
    assert len(rows) == 7
    for nothing in ("0000-00-00 00:00:00", None, 5):
        assert cdr_rows.read({**row, "moment": nothing, "duration": 1}) is None


@pytest.mark.parametrize(
    ("moment", "uniqueid", "expected"),
    [
        ("2026-10-25T02:30", "1792888200.7", "2026-10-25T00:30"),
        ("2026-10-25T02:30", "1792891800.7", "2026-10-25T01:30"),
        ("2026-10-25T02:30", "pbx-1-1792891803.12", "2026-10-25T01:30"),
        ("2026-10-25T02:30", "a", "2026-10-25T00:30"),
        ("2026-10-25T03:30", "1792888200.7", "2026-10-25T02:30"),
        ("2026-03-29T02:30", "1774747800.7", "2026-03-29T01:30"),
        ("2026-10-25T02:30+01:00", "1792888200.7", "2026-10-25T01:30"),
    ],
)
def test_the_hour_that_occurs_twice(moment: str, uniqueid: str, expected: str) -> None:
    """The seconds in a uniqueid tell its two passages apart. Outside of that hour they do not matter."""
    row = CdrRow(moment=datetime.fromisoformat(moment), uniqueid=uniqueid)
    assert TableClock(BERLIN).utc(row) == datetime.fromisoformat(expected)
