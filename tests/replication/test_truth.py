"""Calls that the CRM has in another version, has refused, or may have without an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.replication.crm import Crm
from tests.replication.house import NOW, House, identity

Serve = Callable[..., Crm]
HOUR = timedelta(hours=1)
NUMBER, OTHER = "74950000001", "74950000002"


def rows(house: House) -> list[tuple[object, ...]]:
    """Return the state, the number, the duration and the correction of each call."""
    return house.sql("SELECT state, destination, duration, correction FROM ledger.replication ORDER BY id")


def test_a_corrected_call_that_is_sent_again_still_differs(house: House, serve: Serve) -> None:
    """The CRM answers with the phone call that it has, so it keeps the first version."""
    house.call("a", NOW - HOUR, NUMBER)
    crm = serve(unique=True)
    house.replicate(crm)
    house.sql("UPDATE calls.success SET duration = 50")

    for resend in (False, True, False, True):
        house.replicate(crm, resend=resend)
        assert rows(house) == [("delivered", NUMBER, 45, "duration 50, was 45")]

    assert [call["duration"] for call in crm.effects] == ["45"]


def test_a_crm_that_lost_its_calls(house: House, serve: Serve) -> None:
    """It creates them anew, as they are now, and names other phone calls. Nothing differs any more."""
    house.call("b", NOW - 2 * HOUR, OTHER)
    house.call("a", NOW - HOUR, NUMBER)
    crm = serve(unique=True)
    house.replicate(crm)
    house.sql("UPDATE calls.success SET duration = 50 WHERE bnumber = %s", [NUMBER])
    house.replicate(crm)
    house.sql("UPDATE ledger.replication SET phonecall_id = phonecall_id || ' of the former server'")

    house.replicate(serve(unique=True), resend=True)

    assert rows(house) == [("delivered", OTHER, 45, ""), ("delivered", NUMBER, 50, "")]


def test_a_call_with_another_number_that_is_sent_again(house: House, serve: Serve) -> None:
    """The CRM has both then, and the former one stays listed until it is deleted there."""
    house.call("a", NOW - HOUR, NUMBER)
    crm = serve(unique=True)
    house.replicate(crm)
    house.sql("UPDATE calls.success SET bnumber = %s", [OTHER])
    now = f"now 2026-11-20 11:00:02 from 13596*106 to {OTHER}"

    house.replicate(crm)
    assert rows(house) == [("delivered", NUMBER, 45, now)]
    for _ in range(2):
        house.replicate(crm, resend=True)
        assert rows(house) == [("delivered", NUMBER, 45, now), ("delivered", OTHER, 45, "")]
    assert [call["destination"] for call in crm.effects] == [NUMBER, OTHER]

    house.sql("UPDATE calls.success SET bnumber = %s", [NUMBER])
    house.replicate(crm)
    back = f"now 2026-11-20 11:00:02 from 13596*106 to {NUMBER}"
    assert rows(house) == [("delivered", NUMBER, 45, ""), ("delivered", OTHER, 45, back)]


def test_a_call_that_changed_while_its_answer_was_lost(house: House, serve: Serve) -> None:
    """The CRM may have the former version, so the call differs even if the next answer accepts it."""
    house.call("a", NOW - HOUR, NUMBER)
    lossy = serve(behave=lambda *_: "drop_after", unique=True)
    house.replicate(lossy)
    house.sql("UPDATE calls.success SET duration = 50")
    lossy.behave = lambda *_: "ok"

    house.replicate(lossy)

    assert rows(house) == [("delivered", NUMBER, 45, "duration 50, was 45")]
    assert [call["duration"] for call in lossy.effects] == ["45"]


@pytest.mark.parametrize("lost", ["drop_after", "cut", "text_after <html>", "status_after 500", "status_after 504"])
def test_a_duplicate_that_the_crm_refuses(house: House, serve: Serve, lost: str) -> None:
    """After a lost answer, in this run or an earlier one, the call may have been delivered. It is not rejected."""
    house.call("a", NOW - HOUR, NUMBER)
    crm = serve(behave=lambda _, attempt: "duplicate" if attempt else lost)

    runs = [house.replicate(crm), house.replicate(crm)]

    assert house.states() == {"maybe_delivered": 1}
    assert sum(run.counts["maybe_delivered"] for run in runs) == 1
    assert sum(run.counts["rejected"] for run in runs) == 0
    assert house.reasons() == ['may have been delivered before: {"initiated": "ya existe"}']
    assert len(crm.effects) == 1


def test_a_duplicate_after_a_kill(house: House, serve: Serve) -> None:
    """A process that died with the call in its hands may have delivered it."""
    house.call("a", NOW - HOUR, NUMBER)
    house.replicate(serve(behave=lambda *_: "status 404"))
    house.sql("UPDATE ledger.replication SET claimed_by = gen_random_uuid(), claimed_until = now()")

    ended = house.replicate(serve(behave=lambda *_: "duplicate"))

    assert house.states() == {"maybe_delivered": 1}
    assert (ended.counts["sent"], ended.counts["maybe_delivered"], ended.counts["rejected"]) == (1, 1, 0)


def test_a_refusal_without_a_lost_answer(house: House, serve: Serve) -> None:
    """A CRM that did not look at the first request has rejected the call."""
    house.call("a", NOW - HOUR, NUMBER)
    house.replicate(serve(behave=lambda _, attempt: "duplicate" if attempt else "status 503"))
    assert house.states() == {"rejected": 1}


def test_a_number_that_becomes_known(house: House, serve: Serve) -> None:
    """Full runs offer the call again, later each time. Incremental runs do not."""
    house.call("a", NOW - HOUR, NUMBER)
    house.call("b", NOW - HOUR, OTHER)
    reactions = {NUMBER: "reject", OTHER: "duplicate"}
    crm = serve(behave=lambda call, _: reactions[call["destination"]])

    def full() -> int:
        return house.replicate(crm, "full").counts["sent"]

    assert (full(), house.replicate(crm).counts["sent"]) == (2, 0)
    # Once more at once, since the first refusal is often followed by an import of contacts.
    assert (full(), full()) == (1, 0)
    for hours, sent in ((19, 0), (2, 1), (38, 0), (3, 1)):
        house.sql("UPDATE ledger.replication SET offer_after = offer_after - %s * interval '1 hour'", [hours])
        assert full() == sent
    for _ in range(12):
        house.sql("UPDATE ledger.replication SET offer_after = now()")
        full()
    assert house.sql("SELECT max(offer_after) < now() + interval '31 days' FROM ledger.replication") == [(True,)]

    reactions[NUMBER] = "ok"
    house.sql("UPDATE ledger.replication SET offer_after = now()")
    ended = house.replicate(crm, "full")
    assert (ended.counts["offered_again"], ended.counts["delivered"]) == (1, 1)
    assert house.states() == {"delivered": 1, "rejected": 1}
    assert [call["destination"] for call in crm.effects] == [NUMBER]


def test_calls_outside_of_the_window_stay_refused(house: House, serve: Serve) -> None:
    """Neither do removed calls come back."""
    house.call("old", NOW - 24 * 100 * HOUR, NUMBER)
    house.call("gone", NOW - HOUR, OTHER)
    crm = serve(behave=lambda *_: "reject")
    house.replicate(crm, "full")
    house.sql("DELETE FROM calls.success WHERE inviteid = %s", [str(identity("gone"))])
    house.sql(
        "INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts, gone_at)"
        " VALUES (%s, 'telphin', '', '', true, '{}', now())",
        [str(identity("gone"))],
    )

    assert house.replicate(crm, "full", replication_days=99).counts["sent"] == 0
    assert house.states() == {"rejected": 1, "withdrawn": 1}
