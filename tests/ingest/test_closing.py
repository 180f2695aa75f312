"""Calls whose end never comes are closed visibly, and a late event corrects that."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.ledger.closing import close_due
from tests.databases import run
from tests.ingest.telephony import BEGIN, Ledger, answered, event, missed

HOURS = 4 * 3_600
NEXT_DAY = BEGIN + timedelta(days=1)


def test_a_call_without_its_end_is_closed(ledger: Ledger) -> None:
    """After the set age a talk without a hangup is a row that says so, by an event that is stored like others."""
    ledger.take(answered("C1", 0)[:2])

    assert close_due(ledger.writer, NEXT_DAY, HOURS) == (1, [])
    assert ledger.column("SELECT stopreason FROM calls.success") == ["Closed: no hangup came"]
    assert ledger.column("SELECT complete FROM ledger.records") == [False]
    assert run(ledger.url, "SELECT open, live FROM ledger.calls") == [(False, None)]
    assert ledger.column("SELECT method FROM ledger.events WHERE extension = 0") == ["CLOSE"]


def test_a_young_call_stays_open(ledger: Ledger) -> None:
    """A call of which something was heard lately is left alone, and one that ended always is."""
    ledger.take([*answered("C1", 0)[:2], *missed("C2", 0)])

    assert close_due(ledger.writer, BEGIN + timedelta(hours=4), HOURS) == (0, [])
    assert ledger.column("SELECT id FROM ledger.calls WHERE open") == ["C1"]


def test_closing_twice_changes_nothing(ledger: Ledger) -> None:
    """A second turn of the schedule finds nothing to close."""
    ledger.take(answered("C1", 0)[:2])
    close_due(ledger.writer, NEXT_DAY, HOURS)

    assert close_due(ledger.writer, NEXT_DAY + timedelta(days=9), HOURS) == (0, [])


def test_a_late_hangup_corrects_the_row(ledger: Ledger) -> None:
    """What comes after the closing has the effect that it would have had in time, in the same row's next version."""
    ledger.take(answered("C1", 0))
    expected = ledger.tables()
    ledger.clear()
    ledger.take(answered("C1", 0)[:2])
    close_due(ledger.writer, NEXT_DAY, HOURS)

    ledger.take(answered("C1", 0)[2:])

    assert ledger.tables() == expected
    assert run(ledger.url, "SELECT version, complete FROM ledger.records") == [(2, True)]


def test_many_calls_are_closed(ledger: Ledger) -> None:
    """However many are overdue, one turn closes them all."""
    ledger.take([event(f"C{number}", "106", "dial-in", number) for number in range(450)])

    assert close_due(ledger.writer, NEXT_DAY, HOURS) == (450, [])
    assert ledger.column("SELECT count(*) FROM ledger.calls WHERE open") == [0]


def test_a_call_closes_when_its_rules_say(ledger: Ledger) -> None:
    """A call with a time to close is closed as of that time, however young it is."""
    ledger.take(answered("C1", 0)[:2])
    due = BEGIN + timedelta(seconds=20)
    run(ledger.url, "UPDATE ledger.calls SET close_at = %s", [due])

    assert close_due(ledger.writer, due - timedelta(seconds=1), HOURS) == (0, [])
    assert close_due(ledger.writer, due + timedelta(seconds=40), HOURS) == (1, [])
    assert ledger.column("SELECT convert_from(body, 'UTF8')::json ->> 'at' FROM ledger.events WHERE extension = 0") == [
        due.isoformat()
    ]
    assert run(ledger.url, "SELECT open, close_at FROM ledger.calls") == [(False, None)]
