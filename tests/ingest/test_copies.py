"""Copies of one webhook: each is stored, and however many there are, they count once and cost nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

from chalicelib.calls.options import DEFAULT_OPTIONS
from chalicelib.ledger.replay import replay
from tests.databases import run
from tests.ingest.telephony import BEGIN, TABLES, Ledger, answered

BATCH = 300
MANY = 100_000
MORE_COPIES = """
INSERT INTO ledger.events (
    accepted_at, id, provider, client, call_id, extension, generation, method, query, content_type, body, digest
)
SELECT accepted_at + number * interval '1 microsecond', gen_random_uuid(), provider, client, call_id, extension,
    generation, method, query, content_type, body, digest
FROM ledger.events, generate_series(1, %s) AS number WHERE query LIKE '%%EventType=dial-in%%'
"""


def test_copies_beyond_the_limit_do_not_hide_the_hangup(ledger: Ledger) -> None:
    """A provider that repeats one event more often than a call may have events does not lose the call's end."""
    ledger.take(answered("C1", 0))
    expected = ledger.tables()
    ledger.clear()
    begun, *others = answered("C1", 0)
    repeated = [replace(begun, copy=number) for number in range(DEFAULT_OPTIONS.event_limit + 1)]
    for begin in range(0, len(repeated), BATCH):
        ledger.take(repeated[begin : begin + BATCH])
    ledger.take(others)

    assert ledger.tables() == expected
    assert run(ledger.url, "SELECT flags, interpreted_until FROM ledger.calls") == [([], None)]
    assert ledger.column("SELECT count(*) FROM ledger.events") == [len(repeated) + len(others)]


def test_a_batch_beside_very_many_copies_is_fast(ledger: Ledger) -> None:
    """The time of a batch does not depend on how many copies are stored."""
    begun, *others = answered("C1", 0)
    ledger.take([begun])
    run(ledger.url, MORE_COPIES, [MANY])
    run(ledger.url, "UPDATE ledger.calls SET last_accepted_at = last_accepted_at + interval '1 second'")
    ledger.take(answered("C2", 100))
    began = time.monotonic()
    ledger.take(others)

    assert time.monotonic() - began < 1
    assert ledger.column("SELECT duration FROM calls.success ORDER BY invitedt") == [55, 55]


def test_events_without_a_digest_count_each(ledger: Ledger) -> None:
    """Events that were stored before digests existed are read like others."""
    begun, *others = answered("C1", 0)
    ledger.take([replace(begun, copy=number) for number in range(BATCH)])
    ledger.take(others)
    expected = ledger.tables()
    run(ledger.url, "UPDATE ledger.events SET digest = ''")
    run(ledger.url, "TRUNCATE " + ", ".join(TABLES))
    report = replay(ledger.owner, BEGIN, BEGIN + timedelta(days=1), "", lambda _: None)

    assert report.faults == []
    assert ledger.tables() == expected


def test_the_earliest_copy_counts(ledger: Ledger) -> None:
    """Copies without a time of their own are one event at the time of the first acceptance, in any order."""
    begun, *others = answered("C1", 10)
    timeless = replace(begun, fields=tuple(field for field in begun.fields if field[0] != "EventTime"))
    earlier, later = replace(timeless, accepted=5), replace(timeless, accepted=8, copy=1)
    ledger.take([earlier, later, *others])
    expected = ledger.tables()
    ledger.clear()
    for webhook in (*others, later, earlier):
        ledger.take([webhook])

    assert ledger.tables() == expected
    assert ledger.column("SELECT invitedt FROM calls.success") == [BEGIN + timedelta(seconds=5)]
    run(ledger.url, "TRUNCATE " + ", ".join(TABLES))
    replay(ledger.owner, BEGIN, BEGIN + timedelta(days=1), "", lambda _: None)
    assert ledger.tables() == expected
