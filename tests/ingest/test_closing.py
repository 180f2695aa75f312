"""Calls without an end are closed visibly, and a late event corrects their rows."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.ledger.closing import close_due
from tests.databases import run
from tests.ingest.telephony import BEGIN, Ledger, answered, event, missed

HOURS = 4 * 3_600
NEXT_DAY = BEGIN + timedelta(days=1)


def test_a_call_without_an_end_is_closed(ledger: Ledger) -> None:
    """At the closing age, a talk without a hangup becomes a row that says so; the closing is a stored event."""
    ledger.take(answered("C1", 0)[:2])

    assert close_due(ledger.writer, NEXT_DAY, HOURS) == (1, [])
    assert ledger.column("SELECT stopreason FROM calls.success") == ["Closed: no hangup came"]
    assert ledger.column("SELECT complete FROM ledger.records") == [False]
    assert run(ledger.url, "SELECT open, live FROM ledger.calls") == [(False, None)]
    assert ledger.column("SELECT method FROM ledger.events WHERE extension = 0") == ["CLOSE"]


def test_a_young_call_stays_open(ledger: Ledger) -> None:
    """A call with a recent event stays open, and a call that ended is not closed again."""
    ledger.take([*answered("C1", 0)[:2], *missed("C2", 0)])

    assert close_due(ledger.writer, BEGIN + timedelta(hours=4), HOURS) == (0, [])
    assert ledger.column("SELECT id FROM ledger.calls WHERE open") == ["C1"]


def test_closing_twice_changes_nothing(ledger: Ledger) -> None:
    """A second run closes nothing."""
    ledger.take(answered("C1", 0)[:2])
    close_due(ledger.writer, NEXT_DAY, HOURS)

    assert close_due(ledger.writer, NEXT_DAY + timedelta(days=9), HOURS) == (0, [])


def test_a_late_hangup_corrects_the_row(ledger: Ledger) -> None:
    """An event after the closing has the effect that it would have had in time, in the next version of the row."""
    ledger.take(answered("C1", 0))
    expected = ledger.tables()
    ledger.clear()
    ledger.take(answered("C1", 0)[:2])
    close_due(ledger.writer, NEXT_DAY, HOURS)

    ledger.take(answered("C1", 0)[2:])

    assert ledger.tables() == expected
    assert run(ledger.url, "SELECT version, complete FROM ledger.records") == [(2, True)]


def test_many_calls_are_closed(ledger: Ledger) -> None:
    """One run closes all calls that are due."""
    ledger.take([event(f"C{number}", "106", "dial-in", number) for number in range(450)])

    assert close_due(ledger.writer, NEXT_DAY, HOURS) == (450, [])
    assert ledger.column("SELECT count(*) FROM ledger.calls WHERE open") == [0]


def test_a_call_closes_when_its_rules_say(ledger: Ledger) -> None:
    """A call with a closing time is closed as of that time, before the closing age."""
    ledger.take(answered("C1", 0)[:2])
    due = BEGIN + timedelta(seconds=20)
    run(ledger.url, "UPDATE ledger.calls SET close_at = %s", [due])

    assert close_due(ledger.writer, due - timedelta(seconds=1), HOURS) == (0, [])
    assert close_due(ledger.writer, due + timedelta(seconds=40), HOURS) == (1, [])
    assert ledger.column("SELECT convert_from(body, 'UTF8')::json ->> 'at' FROM ledger.events WHERE extension = 0") == [
        due.isoformat()
    ]
    assert run(ledger.url, "SELECT open, close_at FROM ledger.calls") == [(False, None)]
