"""Partitions of raw events: created ahead, and dropped after the retention period, which freezes their calls."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.ledger.replay import RangeFrozen, count
from chalicelib.maintenance import partitions
from chalicelib.settings import Settings
from tests.databases import run
from tests.ingest.telephony import BEGIN, Ledger, answered

LATER = BEGIN + timedelta(days=70)


@pytest.fixture
def ledger(database: Settings) -> Ledger:
    """Return a ledger without events on the module's database."""
    ledger = Ledger(database)
    ledger.clear()
    for (name,) in run(
        ledger.url, "SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'ledger.events'::regclass"
    ):
        if name != "ledger.events_rest":
            run(ledger.url, f"DROP TABLE {name}")
    return ledger


def places(ledger: Ledger) -> list[object]:
    """Return the partitions that hold events."""
    return ledger.column("SELECT DISTINCT tableoid::regclass::text FROM ledger.events ORDER BY 1")


def test_months_are_created_ahead(ledger: Ledger) -> None:
    """This month and the next two have partitions; a second run creates none."""
    assert partitions.prepare(ledger.owner, BEGIN) == ["events_2026_11", "events_2026_12", "events_2027_01"]
    assert partitions.prepare(ledger.owner, BEGIN) == []
    ledger.take(answered("C1", 0))
    assert places(ledger) == ["ledger.events_2026_11"]


def test_events_that_came_before_their_month_move_into_it(ledger: Ledger) -> None:
    """An event without a partition of its month is stored, and moves there once the partition exists."""
    ledger.take(answered("C1", 0))
    assert places(ledger) == ["ledger.events_rest"]

    partitions.prepare(ledger.owner, LATER)

    assert places(ledger) == ["ledger.events_2026_11"]
    ledger.take(answered("C1", 0))
    assert ledger.column("SELECT count(*) FROM ledger.events") == [3]


def test_retention_drops_whole_months(ledger: Ledger) -> None:
    """Raw events before the kept months are dropped; the rows of their calls stay and are frozen."""
    partitions.prepare(ledger.owner, BEGIN)
    ledger.take(answered("C1", 0))
    before = ledger.tables()
    assert partitions.retire(ledger.owner, BEGIN, 1) == []

    assert partitions.retire(ledger.owner, LATER, 1) == ["events_2026_11"]

    assert ledger.tables() == before
    assert ledger.column("SELECT count(*) FROM ledger.events") == [0]
    assert ledger.column("SELECT frozen FROM ledger.calls") == [True]


def test_a_frozen_call_stays_as_it_is(ledger: Ledger) -> None:
    """A later event of a frozen call is stored raw and flagged, and changes no row."""
    partitions.prepare(ledger.owner, BEGIN)
    ledger.take(answered("C1", 0)[:2])
    partitions.retire(ledger.owner, LATER, 1)

    ledger.take(answered("C1", int((LATER - BEGIN).total_seconds()))[2:])

    assert ledger.tables()["calls.success"] == []
    assert run(ledger.url, "SELECT open, frozen, late FROM ledger.calls") == [(False, True, True)]
    assert ledger.column("SELECT count(*) FROM ledger.events") == [1]


def test_replay_refuses_a_frozen_period(ledger: Ledger) -> None:
    """Calls without their raw events cannot be replayed; the refusal says from when on a replay is possible."""
    partitions.prepare(ledger.owner, BEGIN)
    ledger.take(answered("C1", 0))
    partitions.retire(ledger.owner, LATER, 1)

    with pytest.raises(RangeFrozen, match="2026-11-20 09:01:00"):
        count(ledger.owner, BEGIN - timedelta(days=1), LATER)
    assert count(ledger.owner, BEGIN + timedelta(days=1), LATER) == 0
