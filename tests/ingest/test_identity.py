"""The identity of records: it contains the call, and what was known under another id leads to the record."""

from __future__ import annotations

import pytest

from chalicelib.calls.events import CallKey
from chalicelib.calls.records import former_leg_id
from tests.databases import run
from tests.ingest.telephony import CLIENT, Ledger, Webhook, event

BARE = {"SubCallID": ""}


def round_of(call: str, begin: int, **fields: str) -> list[Webhook]:
    """A phone rings, is picked up after five seconds, and talks for a minute."""
    return [
        event(call, "106", "dial-in", begin, **fields),
        event(call, "106", "answer", begin + 5, **fields),
        event(call, "106", "hangup", begin + 65, **fields),
    ]


def starts(ledger: Ledger) -> dict[str, int]:
    """The second at which each talk began, by its inviteid."""
    rows = run(
        ledger.url, "SELECT inviteid::text, extract(epoch FROM start_dt - '2026-11-20 09:00')::int FROM calls.success"
    )
    return {str(inviteid): int(str(second)) for inviteid, second in rows}


def successor(ledger: Ledger, inviteid: str) -> str:
    """The record that a tombstone leads to."""
    ((gone, heir),) = run(
        ledger.url, "SELECT gone_at IS NOT NULL, successor::text FROM ledger.records WHERE inviteid = %s", [inviteid]
    )
    assert gone is True
    return str(heir)


def test_three_calls_of_a_phone_without_leg_ids_are_three_talks(ledger: Ledger) -> None:
    """A leg that is named by its extension alone has another record in each call."""
    for number in range(3):
        ledger.take(round_of(f"C{number}", 100 * number, **BARE))

    assert sorted(starts(ledger).values()) == [5, 105, 205]


def test_one_leg_id_in_two_calls_is_two_talks(ledger: Ledger) -> None:
    """The same SubCallID under two CallIDs claims two records, also in one batch."""
    ledger.take([*round_of("C1", 0, SubCallID="same"), *round_of("C2", 100, SubCallID="same")])

    assert sorted(starts(ledger).values()) == [5, 105]


def test_two_busy_calls_of_a_phone_are_two_rows(ledger: Ledger) -> None:
    """Outgoing calls in vain are told apart by their call, too."""
    own = {"CallFlow": "out", "CallerIDNum": f"{CLIENT}*107", "CalledNumber": "78005553535", "SubCallID": ""}
    for number in range(2):
        call = f"C{number}"
        ledger.take([event(call, "107", "dial-out", 100 * number, **own)])
        ledger.take([event(call, "107", "hangup", 100 * number + 3, **own | {"CallStatus": "BUSY"})])

    assert ledger.column("SELECT count(*) FROM calls.cancelled") == [2]


@pytest.mark.parametrize("late", [False, True])
def test_a_round_that_joins_leaves_a_tombstone_to_the_right_talk(ledger: Ledger, late: bool) -> None:
    """The id of the only known round leads to that same round once there are two, whichever came first."""
    first, second = round_of("C1", 0), round_of("C1", 3_600)
    ledger.take(second if late else first)
    ((known, start),) = starts(ledger).items()
    ledger.take(first if late else second)

    talks = starts(ledger)
    assert sorted(talks.values()) == [5, 3_605]
    assert known not in talks
    assert talks[successor(ledger, known)] == start


def test_a_record_of_an_earlier_release_leads_to_the_new_one(ledger: Ledger) -> None:
    """What was written under an id without the call is replaced, and its id still leads there."""
    former = former_leg_id(CallKey("telphin", CLIENT, "C1"), "106-C1")
    run(
        ledger.url,
        "INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts)"
        " VALUES (%s, 'telphin', %s, 'C1', true, '{}')",
        [former, CLIENT],
    )
    run(ledger.url, "INSERT INTO calls.success (inviteid, anumber) VALUES (%s, 'old')", [former])
    run(
        ledger.url,
        "INSERT INTO ledger.calls (provider, client, id, first_accepted_at, last_accepted_at, version, relations)"
        " VALUES ('telphin', %s, 'C1', '2026-11-20', '2026-11-20', 1, '{calls.success}')",
        [CLIENT],
    )
    ledger.take(round_of("C1", 0))

    ((inviteid, start),) = starts(ledger).items()
    assert (start, successor(ledger, former)) == (5, inviteid)
