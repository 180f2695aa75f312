"""The store: the rows that a batch leaves in the tables, beside those that were there before."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from chalicelib.envelope import reading
from chalicelib.ledger import store
from chalicelib.platform.postgres import Connection, DatabaseError
from tests.databases import run
from tests.ingest.telephony import (
    BEGIN,
    CALLER,
    CLIENT,
    Ledger,
    answered,
    busy,
    copies,
    event,
    message,
    missed,
    ring_group,
)


def test_an_answered_call(ledger: Ledger) -> None:
    """An answered call is one success row with its fork, its phone's states and a side record."""
    ledger.take(answered("C1", 0))

    assert run(ledger.url, "SELECT anumber, duration, stop_dt - start_dt FROM calls.success") == [
        (CALLER, 55, timedelta(seconds=55))
    ]
    assert ledger.column("SELECT isanswered FROM calls.forks") == [True]
    assert run(ledger.url, "SELECT state, len FROM sipusers.states ORDER BY dt_start") == [("early", 5), ("busy", 55)]
    assert run(ledger.url, "SELECT version, complete, gone_at FROM ledger.records") == [(1, True, None)]
    assert ledger.column("SELECT state FROM ledger.presence") == ["registered"]


def test_a_call_that_goes_on(ledger: Ledger) -> None:
    """A call without a hangup is open and lists its legs; after the hangup it is closed and lists none."""
    begun, talked, ended = answered("C1", 0)
    ledger.take([begun, talked])
    assert ledger.column("SELECT live -> 0 ->> 'state' FROM ledger.calls WHERE open") == ["talking"]

    ledger.take([ended])
    assert run(ledger.url, "SELECT open, live FROM ledger.calls") == [(False, None)]


def test_a_repeated_batch_changes_nothing(ledger: Ledger) -> None:
    """Messages that SQS delivers again are stored once, and no row is written again."""
    webhooks = [*answered("C1", 0), *missed("C2", 10)]
    ledger.take(webhooks)
    before = ledger.tables()
    places = ledger.column("SELECT ctid FROM calls.success UNION ALL SELECT ctid FROM calls.forks")

    ledger.take(webhooks)
    ledger.take([*webhooks, *webhooks])

    assert ledger.tables() == before
    assert ledger.column("SELECT ctid FROM calls.success UNION ALL SELECT ctid FROM calls.forks") == places
    assert ledger.column("SELECT version FROM ledger.records") == [1, 1]


def test_repeated_deliveries_change_nothing(ledger: Ledger) -> None:
    """A second delivery of an event is stored as received and gives no second row."""
    ledger.take(ring_group("C1", 0))
    before = ledger.tables()

    ledger.take(copies(ring_group("C1", 0)))

    assert ledger.tables() == before
    assert ledger.column("SELECT count(*) FROM ledger.events") == [12]


def test_a_late_answer_removes_the_missed_call(ledger: Ledger) -> None:
    """A row that no longer follows is deleted, and its record becomes a tombstone that names the successor."""
    begun, talked, ended = answered("C1", 0)
    direct = event("C1", "106", "hangup", 60, CallStatus="NOANSWER")
    ledger.take([begun, direct])
    (missed_id,) = ledger.column("SELECT inviteid FROM calls.cancelled")

    ledger.take([talked, ended])

    (successor,) = ledger.column("SELECT inviteid FROM calls.success")
    assert ledger.column("SELECT inviteid FROM calls.cancelled") == []
    assert run(ledger.url, "SELECT inviteid, version, successor FROM ledger.records WHERE gone_at IS NOT NULL") == [
        (missed_id, 2, successor)
    ]


def test_unchanged_rows_are_not_written(ledger: Ledger) -> None:
    """An event that changes the row of one call does not write the rows of other calls in its batch."""
    ledger.take([*answered("C1", 0), *busy("C2", 100)])
    before = run(ledger.url, "SELECT ctid, xmin::text FROM calls.success")

    ledger.take([event("C1", "106", "other", 30), event("C2", "107", "hangup", 120, CallStatus="BUSY", CallFlow="out")])

    assert run(ledger.url, "SELECT ctid, xmin::text FROM calls.success") == before


def test_agents_log_in_and_out(ledger: Ledger) -> None:
    """Agent events belong to no call: each is one row, and the last one is the agent's state."""
    texts = [
        message(
            ledger.ids["900"],
            identity=f"00000000-0000-0000-0000-00000000000{number}",
            accepted=BEGIN + timedelta(seconds=number),
            query=f"EventType=agent-{word}&agent_id=7&agent_status={status}",
        )
        for number, word, status in ((1, "login", "available"), (2, "logout", "logged_out"))
    ]
    store.take(ledger.writer, [reading.read(text) for text in reversed(texts)])

    assert ledger.column("SELECT state FROM userevents.usr_state_changed ORDER BY eventts") == [
        "available",
        "logged_out",
    ]
    assert run(ledger.url, "SELECT name, state FROM ledger.presence") == [("7", "logged_out")]


@pytest.mark.parametrize(
    ("extension", "query", "reason"),
    [
        (999_999, "EventType=dial-in&CallID=C1", "The registry has no extension 999999 of telphin"),
        (0, "Nothing=known", "There is no EventType"),
    ],
)
def test_an_unreadable_webhook_goes_to_the_quarantine(ledger: Ledger, extension: int, query: str, reason: str) -> None:
    """A webhook of an unknown sender or without a known event is in the quarantine, whole and with the reason."""
    text = message(
        extension or ledger.ids["106"],
        identity="00000000-0000-0000-0000-000000000001",
        accepted=BEGIN,
        query=query,
    )
    store.take(ledger.writer, [reading.read(text)])

    ((kept_reason, kept),) = run(ledger.url, "SELECT reason, convert_from(message, 'UTF8') FROM ledger.quarantine")
    assert (kept_reason, kept) == (reason, text)
    assert ledger.column("SELECT count(*) FROM ledger.events") == [0]


def test_a_revoked_extension_is_refused(ledger: Ledger) -> None:
    """Webhooks accepted before the revocation are stored, later ones are refused."""
    revoked = ledger.register("telphin", f"{'13596'}*108")
    run(ledger.url, "UPDATE ledger.extensions SET revoked_at = '2026-11-20 09:00:10Z' WHERE id = %s", [revoked])
    for number, second in ((1, 5), (2, 15)):
        text = message(
            revoked,
            identity=f"00000000-0000-0000-0000-00000000000{number}",
            accepted=BEGIN + timedelta(seconds=second),
            query=f"EventType=dial-in&CallID=C{number}",
        )
        store.take(ledger.writer, [reading.read(text)])

    assert ledger.column("SELECT call_id FROM ledger.events") == ["C1"]
    assert ledger.column("SELECT reason FROM ledger.quarantine") == [f"Extension {revoked} was revoked before"]


def test_text_that_postgresql_refuses_is_cleaned(ledger: Ledger) -> None:
    """A NUL in a field is removed from rows, and the raw webhook stays whole."""
    ledger.take([event("C1", "106", "dial-in", 0, CallerIDName="a\0b"), *answered("C1", 0)])

    assert ledger.column("SELECT count(*) FROM calls.success") == [1]
    assert ledger.column("SELECT count(*) FROM ledger.events WHERE query LIKE '%%a\\%%00b%%'") == [1]


def test_a_webhook_that_comes_again_under_another_client(ledger: Ledger) -> None:
    """A stored event stays with its call, and does not count for a call of the client's new name."""
    ledger.ids["108"] = ledger.register("telphin", f"{CLIENT}*108")
    begun, ended = event("C1", "108", "dial-in", 0), event("C1", "108", "hangup", 20, CallStatus="NOANSWER")
    ledger.take([begun])
    run(ledger.url, "UPDATE ledger.extensions SET client = 'renamed' WHERE id = %s", [ledger.ids["108"]])
    ledger.take([begun, ended])
    run(ledger.url, "DELETE FROM ledger.extensions WHERE id = %s", [ledger.ids.pop("108")])

    assert run(ledger.url, "SELECT client, open FROM ledger.calls ORDER BY client") == [
        (CLIENT, True),
        ("renamed", False),
    ]
    assert ledger.column("SELECT invitedt FROM calls.cancelled") == [BEGIN + timedelta(seconds=20)]


def test_two_consumers_of_the_same_calls(ledger: Ledger) -> None:
    """Batches that share calls and are taken at once in opposite orders neither deadlock nor lose an event."""
    calls = [answered(f"C{number}", number * 100) for number in range(12)]
    halves = [[call[part] for call in order for part in parts] for order, parts in
              ((calls, (0, 2)), (calls[::-1], (1,)))]  # fmt: skip
    faults: list[DatabaseError] = []

    def consume(half: list[object]) -> None:
        writer = Connection(ledger.settings.writer_database_url)
        try:
            for begin in range(0, len(half), 6):
                ledger.take(half[begin : begin + 6], writer)  # type: ignore[arg-type]
        except DatabaseError as fault:
            faults.append(fault)
        writer.close()

    threads = [threading.Thread(target=consume, args=(half,)) for half in (*halves, *halves)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = ledger.tables()
    ledger.clear()
    ledger.take([webhook for call in calls for webhook in call])

    assert faults == []
    assert together == ledger.tables()
    assert len(together["calls.success"]) == 12


def test_histories_are_read_by_name(ledger: Ledger) -> None:
    """Settling the history of one extension reads only its own rows, however many others have."""
    fill = (
        "INSERT INTO sipuserevents.sipuser_state_changed (login, state, eventts)"
        " SELECT number %% 50 || '*1', 'busy', %s::timestamp + number * interval '1 second'"
        " FROM generate_series(1, 20000) AS number"
    )
    run(ledger.url, fill, [BEGIN])
    run(ledger.url, "ANALYZE sipuserevents.sipuser_state_changed")
    ledger.take(answered("C1", 0))
    before = _index_reads(ledger)
    ledger.take(answered("C2", 100))
    after = _index_reads(ledger)

    assert after["sipuser_state_changed_eventts"] == before["sipuser_state_changed_eventts"]
    assert 0 < after["sipuser_state_changed_login"] - before["sipuser_state_changed_login"] < 100
    assert ledger.column("SELECT count(*) FROM sipusers.states WHERE login = '13596*106'") == [5]


def _index_reads(ledger: Ledger) -> dict[str, int]:
    """Return how many entries of each index of the extensions' events were read so far."""
    ledger.writer.execute("SELECT pg_stat_force_next_flush()")
    ledger.writer.execute("SELECT 1")
    rows = run(
        ledger.url,
        "SELECT indexrelname, idx_tup_read FROM pg_stat_user_indexes WHERE relname = 'sipuser_state_changed'",
    )
    return {str(name): int(str(count)) for name, count in rows}
