"""Kept rows of `metrics.calls`: equal to those made anew at any time, whoever changes a call."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.maintenance import call_figures, monthly_tables
from tests.databases import run
from tests.ingest.telephony import BEGIN, Ledger, answered, busy, missed, ring_group

TOMORROW = BEGIN + timedelta(days=1)
KEPT = "SELECT count(*) FROM ledger.call_figures"
DIFFERENT = """
SELECT * FROM ((TABLE metrics.calls EXCEPT ALL TABLE ledger.computed_calls)
    UNION ALL (TABLE ledger.computed_calls EXCEPT ALL TABLE metrics.calls)) AS different
"""


def figures(ledger: Ledger) -> list[object]:
    """Return the results in `metrics.calls`, which must be those of the documented tables."""
    assert run(ledger.url, DIFFERENT) == []
    return ledger.column("SELECT result FROM metrics.calls ORDER BY result")


@pytest.fixture
def kept(ledger: Ledger) -> Ledger:
    """Return a ledger with calls whose figures are kept."""
    monthly_tables.prepare(ledger.owner, BEGIN)
    ledger.take(answered("C1", 0) + missed("C2", 60) + busy("C3", 120))
    assert call_figures.refresh(ledger.owner, TOMORROW) == 1
    return ledger


def test_a_past_day_is_kept(kept: Ledger) -> None:
    """The rows of a past day are made once, and a second run has nothing to do."""
    assert figures(kept) == ["answered", "missed", "unanswered"]
    assert kept.column(KEPT) == [3]
    assert call_figures.refresh(kept.owner, TOMORROW) == 0


def test_the_present_day_is_not_kept(ledger: Ledger) -> None:
    """The rows of the day that goes on are made at each use; its many marks become one."""
    for number in range(3):
        ledger.take(answered(f"C{number}", number))

    assert call_figures.refresh(ledger.owner, BEGIN) == 0

    assert figures(ledger) == ["answered"] * 3
    assert ledger.column(KEPT) == [0]
    assert ledger.column("SELECT count(*) FROM ledger.changed_days WHERE day = '2026-11-20'") == [1]


def test_a_late_event_corrects_a_kept_day(kept: Ledger) -> None:
    """A missed call that turns out to be answered is answered at once in the view, and after the next run."""
    kept.take(answered("C2", 60))

    assert figures(kept) == ["answered", "answered", "unanswered"]
    assert call_figures.refresh(kept.owner, TOMORROW) == 1
    assert figures(kept) == ["answered", "answered", "unanswered"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE calls.success SET isrec = true",
        "UPDATE calls.success SET invitedt = invitedt - interval '3 days'",
        "DELETE FROM calls.cancelled",
        "INSERT INTO calls.failed (inviteid, invitedt, fromouter) VALUES (gen_random_uuid(), '2026-11-20 10:00', true)",
        "INSERT INTO calls.failed (inviteid, fromouter) VALUES (gen_random_uuid(), true)",
        "INSERT INTO calls.failed (inviteid, invitedt) VALUES (gen_random_uuid(), 'infinity')",
        "UPDATE calls.forks SET bouter = NOT bouter",
        "TRUNCATE calls.success, calls.cancelled, calls.failed",
    ],
)
def test_other_writers_correct_a_kept_day(kept: Ledger, statement: str) -> None:
    """Whatever changes a documented table is seen at once."""
    run(kept.url, statement)

    assert figures(kept) == kept.column("SELECT result FROM ledger.computed_calls ORDER BY result")
    call_figures.refresh(kept.owner, TOMORROW)
    figures(kept)


def test_a_new_month_marks_its_changes(kept: Ledger) -> None:
    """Rows that move into the partitions of a new month stay in the figures."""
    kept.take(ring_group("C4", -40 * 86_400))
    assert call_figures.refresh(kept.owner, TOMORROW) == 1

    assert monthly_tables.prepare(kept.owner, BEGIN) == ["2026_10"]

    assert figures(kept) == ["answered", "answered", "missed", "unanswered"]
