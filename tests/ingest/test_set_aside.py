"""Calls that cannot be written: each is set aside with its reason, and its neighbours go on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.calls.events import CallKey
from chalicelib.ingest import batches
from chalicelib.ingest.batches import Callbacks, Delivery
from chalicelib.ledger import faults
from chalicelib.ledger.closing import close_due
from chalicelib.ledger.faults import CallsFailed
from chalicelib.ledger.replay import replay
from tests.databases import run
from tests.ingest.telephony import BEGIN, CALLER, CLIENT, TABLES, Ledger, answered, missed

BROKEN = CallKey("telphin", CLIENT, "C2")
NEXT_DAY = BEGIN + timedelta(days=1)
HOURS = 4 * 3_600
OWN = "INSERT INTO ledger.records VALUES (%s, 'telphin', %s, 'C9', 1, true, '{}')"


@pytest.fixture
def robbed(ledger: Ledger) -> Ledger:
    """Return a ledger in which another call owns the record that the answered call C2 claims."""
    ledger.take(answered("C2", 100))
    (inviteid,) = ledger.column("SELECT inviteid FROM calls.success")
    ledger.clear()
    run(ledger.url, OWN, [inviteid, CLIENT])
    return ledger


def give_back(ledger: Ledger) -> None:
    """End the other call's claim."""
    run(ledger.url, "DELETE FROM ledger.records WHERE call_id = 'C9'")


def take(ledger: Ledger, texts: list[str]) -> list[str]:
    """Return the messages that must come again."""
    deliveries = [Delivery(f"m{number}", text, 1) for number, text in enumerate(texts)]
    return batches.take(ledger.writer, deliveries, Callbacks(report=lambda _delivery, _error: None))


def test_a_batch_goes_on(robbed: Ledger) -> None:
    """The broken call's webhooks are stored and leave the queue, and other calls of the batch get their rows."""
    webhooks = [*answered("C1", 0), *answered("C2", 100), *missed("C3", 200)]

    assert take(robbed, robbed.texts(webhooks)) == []
    assert robbed.column("SELECT esgdlg FROM calls.success") == ["C1"]
    assert robbed.column("SELECT count(*) FROM calls.cancelled") == [1]
    assert robbed.column("SELECT count(*) FROM ledger.events") == [len(webhooks)]
    assert robbed.column("SELECT call_id FROM ledger.records WHERE call_id IN ('C2', 'C9')") == ["C9"]
    ((fault, last),) = faults.listing(robbed.owner, 10)
    assert (fault.call, last) == (BROKEN, BEGIN + timedelta(seconds=160))
    assert "records_pkey" in fault.reason


def test_two_calls_of_one_batch(robbed: Ledger) -> None:
    """A record belongs to the call that claimed it first; no row of its owner is touched."""
    run(robbed.url, "UPDATE ledger.records SET gone_at = now()")
    take(robbed, robbed.texts([*answered("C2", 100), *answered("C1", 0)]))

    assert robbed.column("SELECT gone_at IS NULL FROM ledger.records WHERE call_id = 'C9'") == [False]
    assert robbed.column("SELECT id FROM ledger.calls WHERE fault <> ''") == ["C2"]


def test_closing_goes_on(robbed: Ledger) -> None:
    """A call that cannot be closed is reported, and the others of its page are closed."""
    robbed.take([*answered("C1", 0)[:2], *answered("C2", 100)[:2], *answered("C3", 200)[:2]])
    closed, failed = close_due(robbed.writer, NEXT_DAY, HOURS)

    assert closed == 2
    assert [fault.call for fault in failed] == [BROKEN]
    assert robbed.column("SELECT id FROM ledger.calls WHERE open") == []
    assert close_due(robbed.writer, NEXT_DAY, HOURS) == (0, [])


def test_replay_goes_on_and_brings_the_call_back(robbed: Ledger) -> None:
    """A replay reports the broken call and brings back all others; once the cause is gone, it brings this one too."""
    webhooks = [*answered("C1", 0), *answered("C2", 100), *answered("C3", 200)]
    take(robbed, robbed.texts(webhooks))
    run(robbed.url, "TRUNCATE " + ", ".join(TABLES))
    report = replay(robbed.owner, BEGIN, NEXT_DAY, "", lambda _: None)
    assert [fault.call for fault in report.faults] == [BROKEN]
    assert robbed.column("SELECT esgdlg FROM calls.success ORDER BY 1") == ["C1", "C3"]

    give_back(robbed)
    report = replay(robbed.owner, BEGIN, NEXT_DAY, "", lambda _: None)
    assert report.faults == []
    assert robbed.column("SELECT esgdlg FROM calls.success ORDER BY 1") == ["C1", "C2", "C3"]
    assert faults.listing(robbed.owner, 10) == []


def test_forgetting_goes_on(robbed: Ledger) -> None:
    """The number is erased everywhere, and the call that could not be rebuilt is named at the end."""
    take(robbed, robbed.texts([*answered("C1", 0), *answered("C2", 100)]))

    with pytest.raises(CallsFailed, match="C2"):
        robbed.forget(CALLER)
    assert robbed.column("SELECT anumber FROM calls.success") == ["+70000000000"]
    assert robbed.column("SELECT count(*) FROM ledger.forgotten") == [1]


def test_later_events_of_a_call_that_is_set_aside(robbed: Ledger) -> None:
    """They are stored raw; its rows wait for a replay."""
    take(robbed, robbed.texts(answered("C2", 100)))
    give_back(robbed)
    robbed.take([answered("C2", 300)[2]])

    assert robbed.column("SELECT count(*) FROM ledger.events") == [4]
    assert robbed.column("SELECT count(*) FROM calls.success") == [0]
    replay(robbed.owner, BEGIN, NEXT_DAY, "", lambda _: None)
    assert robbed.column("SELECT count(*) FROM calls.success") == [1]
