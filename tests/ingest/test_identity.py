"""The ids of records: each belongs to one call, and a former id leads to the present one."""

from __future__ import annotations

from datetime import timedelta
from itertools import chain

import pytest

from chalicelib import providers
from chalicelib.calls.events import CallKey, Event, Raw, Source
from chalicelib.calls.records import call_id, former_leg_id
from chalicelib.envelope import reading as messages
from chalicelib.ledger import writing
from chalicelib.ledger.call_rows import Outcome
from chalicelib.ledger.replay import replay
from tests.databases import run
from tests.ingest.telephony import BEGIN, CLIENT, Ledger, Webhook, answered, event

FIRST, SECOND = CallKey("telphin", CLIENT, "C1"), CallKey("telphin", CLIENT, "C2")
ROWS = "SELECT esgdlg, inviteid::text FROM calls.success"
TOMBSTONES = "SELECT inviteid::text, successor::text FROM ledger.records WHERE gone_at IS NOT NULL ORDER BY 1"


def without_leg_ids(call: str, at: int) -> list[Webhook]:
    """Return an answered call whose provider names no leg, so that the extension names it."""
    return [
        event(call, "106", kind, second, SubCallID="")
        for kind, second in (("dial-in", at), ("answer", at + 5), ("hangup", at + 60))
    ]


@pytest.fixture
def upgraded(ledger: Ledger) -> Ledger:
    """Return a ledger of an earlier release: two calls of one phone claimed one record, and the later one has it."""
    ledger.take([*without_leg_ids("C1", 0), *without_leg_ids("C2", 100)])
    former = former_leg_id(SECOND, f"{CLIENT}*106")
    assert former == former_leg_id(FIRST, f"{CLIENT}*106")
    for table in ("calls.success", "calls.forks", "ledger.records"):
        run(ledger.url, f"DELETE FROM {table}")
    run(ledger.url, "INSERT INTO calls.success (inviteid, esgdlg) VALUES (%s, 'C2')", [former])
    run(
        ledger.url,
        "INSERT INTO ledger.records VALUES (%s, 'telphin', %s, 'C2', 1, true, '{}')",
        [former, CLIENT],
    )
    return ledger


def test_a_former_record_leads_to_its_calls_new_one(upgraded: Ledger) -> None:
    """The call that owned the shared record leaves a tombstone; the other one gets a record of its own."""
    report = replay(upgraded.owner, BEGIN, BEGIN + timedelta(days=1), "", lambda _: None)

    assert report.faults == []
    rows = {str(call): inviteid for call, inviteid in run(upgraded.url, ROWS)}
    assert sorted(map(str, rows)) == ["C1", "C2"]
    assert run(upgraded.url, TOMBSTONES) == [(former_leg_id(SECOND, f"{CLIENT}*106"), rows["C2"])]


def test_a_late_event_does_what_a_replay_does(upgraded: Ledger) -> None:
    """The next event of a call moves its record to the new id."""
    upgraded.take([event("C2", "106", "other", 130, SubCallID="")])

    rows = {str(call): inviteid for call, inviteid in run(upgraded.url, ROWS)}
    assert run(upgraded.url, TOMBSTONES) == [(former_leg_id(SECOND, f"{CLIENT}*106"), rows["C2"])]


def test_frozen_calls_keep_their_ids(upgraded: Ledger) -> None:
    """A frozen call is not correlated again."""
    run(upgraded.url, "UPDATE ledger.calls SET frozen = true")
    upgraded.take([event("C2", "106", "other", 130, SubCallID="")])

    assert upgraded.column("SELECT inviteid::text FROM calls.success") == [former_leg_id(SECOND, f"{CLIENT}*106")]
    assert run(upgraded.url, TOMBSTONES) == []


def test_the_successor_of_a_tombstone_changes(ledger: Ledger) -> None:
    """When the record that took its place is gone itself, a tombstone names the one that follows."""
    ledger.take(answered("C1", 0))
    (present,) = ledger.column("SELECT inviteid::text FROM calls.success")
    first, second = call_id(CallKey("telphin", CLIENT, "X")), call_id(CallKey("telphin", CLIENT, "Y"))
    for former, successor in ((first, second), (second, None)):
        run(
            ledger.url,
            "INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts, gone_at, successor)"
            " VALUES (%s, 'telphin', %s, 'C1', true, '{}', CASE WHEN %s THEN now() END, %s)",
            [former, CLIENT, successor is not None, successor],
        )
    locked = ledger.column("SELECT inviteid::text FROM ledger.records")
    source = Source(ledger.ids["106"], "telphin", CLIENT, f"{CLIENT}*106")
    raws = [messages.read(text).raw for text in ledger.texts(answered("C1", 0))]
    result = providers.correlate(chain.from_iterable(_events(raw, source) for raw in raws))
    result = result._replace(successors={first: str(present), second: str(present)})
    with ledger.owner.transaction():
        writing.post(
            ledger.owner, [Outcome(result, ["calls.success", "calls.forks"], dict.fromkeys(map(str, locked), ()))]
        )

    assert run(ledger.url, TOMBSTONES) == sorted([(first, present), (second, present)])


def _events(raw: Raw, source: Source) -> list[Event]:
    return providers.parse(raw, source)
