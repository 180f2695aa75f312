"""Calls whose id changes: what is known of their recording follows, and links to former ids still lead there."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID, uuid4

import pytest

from chalicelib.calls.events import CallKey
from chalicelib.calls.records import former_leg_id
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import administration, lookup, notices, retention
from tests.databases import run
from tests.ingest.telephony import CLIENT
from tests.recordings.fetching.conftest import Studio

FAR = datetime(2100, 1, 1)  # noqa: DTZ001 - naive UTC
SECONDS = 20
WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
FACT = "state, reason, attempts, storage, path, size, expires_at, deleted_at, links_revoked_at, told, created_at"


def age(studio: Studio) -> tuple[str, str]:
    """Give the only call the ids of two earlier releases; return its former id and the present one."""
    ((present, leg),) = run(studio.ledger.url, "SELECT inviteid::text, facts ->> 'leg' FROM ledger.records")
    former = former_leg_id(CallKey("telphin", CLIENT, "c1"), str(leg))
    for table in ("ledger.records", "ledger.recordings", "calls.success", "calls.forks"):
        run(studio.ledger.url, f"UPDATE {table} SET inviteid = %s WHERE inviteid = %s", [former, present])
    return former, str(present)


def add_tombstone(studio: Studio, successor: str) -> str:
    """Add an id that the call had before its former one; return it."""
    oldest = str(uuid4())
    run(
        studio.ledger.url,
        "INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts, gone_at, successor)"
        " SELECT %s, provider, client, call_id, true, '{}', now(), inviteid FROM ledger.records WHERE inviteid = %s",
        [oldest, successor],
    )
    return oldest


@pytest.mark.parametrize("mood", ["good", "huge", "late"])
def test_facts_follow_a_call_to_its_new_id(studio: Studio, mood: str) -> None:
    """File, size, expiry and reason stay; nothing is fetched and no message is sent once more."""
    studio.call("c1", f"{mood}-1")
    outcome = studio.attempt(f"{mood}-1")
    notices.send(studio.ledger.writer, "", outcome.changed)
    former, present = age(studio)
    facts, fetched = run(studio.ledger.url, f"SELECT {FACT} FROM ledger.recordings"), dict(studio.seen)

    assert studio.replay() > 0

    assert run(studio.ledger.url, "SELECT inviteid::text FROM calls.success") == [(present,)]
    assert run(studio.ledger.url, "SELECT inviteid::text FROM ledger.recordings") == [(present,)]
    assert run(studio.ledger.url, f"SELECT {FACT} FROM ledger.recordings") == facts
    assert (studio.row(f"{mood}-1")["callrecpath"] is not None) == (mood == "good")
    assert dict(studio.seen) == fetched
    assert notices.send(studio.ledger.writer, "http://127.0.0.1:1/queue", [UUID(former), UUID(present)]) == 0


def test_a_deletion_follows_a_call_to_its_new_id(studio: Studio) -> None:
    """The file is not fetched again, and the row says since when it is gone."""
    studio.call("c1", "good-1")
    studio.attempt("good-1")
    retention.delete_expired(studio.ledger.writer, studio.settings, FAR)
    age(studio)

    studio.replay()

    row = studio.row("good-1")
    assert (row["state"], row["callrecdel_dt"], row["isrec"]) == ("deleted", FAR, True)
    assert studio.attempt("good-1").state == "skipped"


def test_links_to_former_ids_find_the_recording(studio: Studio) -> None:
    """Over two steps: the oldest id leads to the former one, and that to the present one."""
    studio.call("c1", "good-1")
    studio.attempt("good-1")
    former, present = age(studio)
    oldest = add_tombstone(studio, former)
    studio.replay()
    path = studio.row("good-1")["callrecpath"]

    gate = Connection(studio.ledger.settings.gate_database_url)
    for inviteid in (oldest, former, present):
        found = lookup.find(gate, UUID(inviteid))
        assert (found.is_known, found.path, found.links_revoked) == (True, path, False)
        assert administration.linkable_id(studio.ledger.owner, UUID(inviteid)) == UUID(present)


@pytest.mark.parametrize("revoked", ["oldest", "former", "present"])
def test_links_revoked_under_one_id_are_revoked_under_every_id(studio: Studio, revoked: str) -> None:
    """Whichever id the operator names, before or after it changed; restoring works likewise."""
    studio.call("c1", "good-1")
    former, present = age(studio)
    ids = {"former": UUID(former), "present": UUID(present), "oldest": UUID(add_tombstone(studio, former))}
    if revoked != "present":
        administration.revoke(studio.ledger.owner, ids[revoked])
    studio.replay()
    if revoked == "present":
        administration.revoke(studio.ledger.owner, ids[revoked])
    gate = Connection(studio.ledger.settings.gate_database_url)

    assert [lookup.find(gate, inviteid).links_revoked for inviteid in ids.values()] == [True, True, True]

    administration.restore(studio.ledger.owner, ids["oldest"])
    assert [lookup.find(gate, inviteid).links_revoked for inviteid in ids.values()] == [False, False, False]


def test_a_file_that_arrives_while_the_id_changes_is_ready(studio: Studio) -> None:
    """The recorder waits for the batch that changes the id, and then finds the fact under the new one."""
    studio.call("c1", "good-1")
    former = studio.ledger.column("SELECT inviteid::text FROM ledger.recordings")[0]
    present = str(uuid4())
    batch = Connection(studio.ledger.url)
    with ThreadPoolExecutor(1) as pool:
        with batch.transaction():
            batch.execute("SELECT FROM ledger.calls FOR UPDATE")
            attempt = pool.submit(studio.attempt, "good-1")
            while not run(studio.ledger.url, WAITING):
                time.sleep(0.01)
            batch.execute("UPDATE ledger.records SET successor = %s, gone_at = now()", [present])
            batch.execute(
                "INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts)"
                " SELECT successor, provider, client, call_id, complete, facts FROM ledger.records"
            )
            for table in ("ledger.recordings", "calls.success"):
                batch.execute(f"UPDATE {table} SET inviteid = %s WHERE inviteid = %s", [present, former])
        assert attempt.result(SECONDS).state == "ready"
    row = studio.row("good-1")
    assert (row["state"], len(studio.objects())) == ("ready", 1)
    assert row["callrecpath"] is not None


def test_an_operator_may_retry_by_a_former_id(studio: Studio) -> None:
    """A ticket that names an id of last year is still of use."""
    studio.call("c1", "unknown-1")
    studio.attempt("unknown-1", recording_attempts=1)
    former, _ = age(studio)
    oldest = add_tombstone(studio, former)
    studio.replay()

    assert administration.retry(studio.ledger.owner, [UUID(oldest)]) == [studio.file("unknown-1")]


def test_a_fact_of_another_call_does_not_move(studio: Studio) -> None:
    """An earlier release gave one id to two calls of a phone; it belongs to the call that the ledger names."""
    studio.call("c1", "good-1")
    studio.attempt("good-1")
    former, _ = age(studio)
    studio.replay()
    run(
        studio.ledger.url,
        "INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts) VALUES"
        " (%s, 'telphin', %s, 'other', true, '{}') ON CONFLICT (inviteid) DO UPDATE SET call_id = 'other'",
        [former, CLIENT],
    )
    run(
        studio.ledger.url,
        "INSERT INTO ledger.recordings (inviteid, provider, client, recording) VALUES (%s, 'telphin', %s, 'theirs')",
        [former, CLIENT],
    )

    studio.replay()

    assert run(studio.ledger.url, "SELECT inviteid::text FROM ledger.recordings WHERE recording = 'theirs'") == [
        (former,)
    ]
