"""Calls with more events than are interpreted: further events are stored raw, and the call is flagged."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from chalicelib.calls.correlation import DEFAULTS
from chalicelib.calls.events import CallKey
from chalicelib.ledger import store
from chalicelib.ledger.replay import replay
from tests.databases import run
from tests.ingest.telephony import BEGIN, CLIENT, TABLES, Ledger, Webhook, event

BATCH = 300
MORE = 200
CALL = CallKey("telphin", CLIENT, "LONG")


def endless() -> list[Webhook]:
    """Return a call in which a phone answers again and again, with one hangup in between."""
    picked_up = [event("LONG", "106", "answer", second) for second in range(1, DEFAULTS.event_limit + MORE)]
    hung_up = replace(event("LONG", "106", "hangup", 600), accepted=10)
    return [event("LONG", "106", "dial-in", 0), hung_up, *picked_up]


def take(ledger: Ledger, webhooks: Sequence[Webhook]) -> None:
    """Take `webhooks` in batches."""
    for begin in range(0, len(webhooks), BATCH):
        ledger.take(webhooks[begin : begin + BATCH])


def test_later_events_make_no_records(ledger: Ledger) -> None:
    """They are stored raw and prove states of the phone; the call is flagged, and its version does not change."""
    webhooks = endless()
    take(ledger, webhooks[: -MORE // 2])
    before = run(ledger.url, "SELECT success.*::text, version FROM calls.success, ledger.calls")
    take(ledger, webhooks[-MORE // 2 :])

    assert run(ledger.url, "SELECT success.*::text, version FROM calls.success, ledger.calls") == before
    assert len(before) == 1
    assert ledger.column("SELECT count(*) FROM ledger.events") == [len(webhooks)]
    assert ledger.column("SELECT count(*) FROM sipuserevents.sipuser_state_changed") == [len(webhooks)]
    assert run(ledger.url, "SELECT interpreted_until, flags FROM ledger.calls") == [
        (BEGIN + timedelta(seconds=DEFAULTS.event_limit - 1), ["only the first 1000 events are interpreted"])
    ]


def test_events_in_any_order(ledger: Ledger) -> None:
    """The time of acceptance decides which events count, not the time of arrival."""
    webhooks = endless()
    take(ledger, webhooks)
    expected = ledger.tables()
    ledger.clear()
    random.Random(7).shuffle(webhooks)
    take(ledger, webhooks)

    assert ledger.tables() == expected


def test_a_late_event_that_counts(ledger: Ledger) -> None:
    """An event that was accepted among the first counts, in place of the last one that counted before."""
    late = replace(event("LONG", "106", "hangup", 700), accepted=20)
    take(ledger, [*endless(), late])
    expected = ledger.tables()
    ledger.clear()
    take(ledger, endless())
    assert ledger.tables()["calls.success"] != expected["calls.success"]
    ledger.take([late])

    assert ledger.tables() == expected


def test_the_call_is_closed(ledger: Ledger) -> None:
    """The event that closes a call always counts."""
    webhooks = [webhook for webhook in endless() if ("EventType", "hangup") not in webhook.fields]
    take(ledger, webhooks)
    now = BEGIN + timedelta(days=1)
    store.close(ledger.writer, {CALL: now}, now)

    assert ledger.column("SELECT stopreason FROM calls.success") == ["Closed: no hangup came"]
    assert ledger.column("SELECT open FROM ledger.calls") == [False]


def test_the_call_is_replayed(ledger: Ledger) -> None:
    """A replay restores every row, also those that single events beyond the limit prove."""
    take(ledger, endless())
    expected = ledger.tables()
    run(ledger.url, "TRUNCATE " + ", ".join(TABLES))
    replay(ledger.owner, BEGIN, BEGIN + timedelta(days=1), "", lambda _: None)

    assert ledger.tables() == expected
