"""Runs without failures: the calls that they read, send and store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib.ledger import forgetting
from chalicelib.platform.postgres import Connection
from chalicelib.recordings import retention
from chalicelib.replication import sources
from chalicelib.settings import Settings
from tests.replication.crm import Crm
from tests.replication.house import NOW, House, identity

Serve = Callable[..., Crm]
HOUR = timedelta(hours=1)


def test_every_call_once(house: House, serve: Serve) -> None:
    """The first run delivers every call. The second run finds them known and sends nothing."""
    house.calls(50)
    crm = serve()

    first, second = house.replicate(crm), house.replicate(crm)

    assert (first.outcome, second.outcome) == ("done", "done")
    assert first.counts["delivered"] == first.counts["sent"] == first.counts["read"] == 50
    assert (second.counts["read"], second.counts["existing"], second.counts["sent"]) == (50, 50, 0)
    assert set(crm.keys.values()) == {1}
    assert len(crm.keys) == 50
    assert house.states() == {"delivered": 50}


def test_what_the_crm_is_told(house: House, serve: Serve) -> None:
    """The time is the begin of dialling in whole seconds. A recorded call has a link."""
    house.call("a", NOW - HOUR + timedelta(microseconds=999_999), "+7 495 123-45-67", duration=61)
    house.call("b", NOW - 2 * HOUR, "74951234568", isrec=True)
    crm = serve()

    house.replicate(crm, public_url="https://calls.example", link_secrets=((1, "s" * 32),))

    told = {call["destination"]: call for call in crm.effects}
    assert told["+74951234567"] == {
        "initiated": "2026-11-20T11:00:02Z",
        "source": "13596*106",
        "destination": "+74951234567",
        "duration": "61",
    }
    assert told["74951234568"]["url"].startswith(
        f"https://calls.example/rest/v1/journal/calls/{identity('b')}/attachment1?key="
    )


def test_which_calls_go(house: House, serve: Serve) -> None:
    """Answered outgoing calls to whole numbers go after a quarter of an hour, but none from NiMbox itself."""
    house.call("in", NOW - HOUR, aouter=True, bouter=False)
    house.call("through", NOW - HOUR, aouter=True, bouter=True)
    house.call("inside", NOW - HOUR, "13596*107")
    house.call("short", NOW - HOUR, "112")
    house.call("fresh", NOW - timedelta(minutes=15), duration=30)
    house.call("long", NOW - HOUR, "74950000001", duration=44 * 60)
    house.call("theirs", NOW - HOUR, "74950000002")
    house.call("changing", NOW - HOUR, "74950000003")
    house.sql(
        "INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts, changed_at)"
        " VALUES (%s, 'nimbox', '', '', true, '{}', '2026-01-01Z'), (%s, 'telphin', '', '', true, '{}', %s)",
        [str(identity("theirs")), str(identity("changing")), NOW - timedelta(minutes=14)],
    )
    crm = serve()

    first = house.replicate(crm)
    assert [call["destination"] for call in crm.effects] == ["74950000001"]
    assert (first.counts["read"], first.counts["left_out"]) == (3, 2)

    house.replicate(crm, now=NOW + HOUR)
    assert len(crm.effects) == 3


def test_unanswered_calls_where_they_are_wanted(house: House, serve: Serve) -> None:
    """With the setting they go with a duration of 0. Incoming calls never go."""
    for table, number, outer in (("cancelled", 1, False), ("failed", 2, False), ("cancelled", 3, True)):
        house.sql(
            f"INSERT INTO calls.{table} (inviteid, invitedt, fromnumber, fromouter, callednum)"
            " VALUES (%s, %s, '101', %s, %s)",
            [str(identity(number)), NOW - number * HOUR, outer, f"7495000000{number}"],
        )
    crm = serve()

    assert house.replicate(crm).counts["read"] == 0
    house.replicate(crm, replication_unanswered=True)

    assert sorted((call["destination"], call["duration"]) for call in crm.effects) == [
        ("74950000001", "0"),
        ("74950000002", "0"),
    ]


def test_calls_that_the_crm_cannot_tell_apart(house: House, serve: Serve) -> None:
    """Two calls of one second between the same numbers are one. The first counts, and none is corrected."""
    house.call("a", NOW - HOUR, "74950000001", duration=10)
    house.call("b", NOW - HOUR + timedelta(milliseconds=5), "74950000001", duration=20)
    crm = serve()

    runs = [house.replicate(crm) for _ in range(2)]

    assert [run.counts["corrected"] for run in runs] == [0, 0]
    assert [call["duration"] for call in crm.effects] == ["10"]


def test_windows(house: House, serve: Serve) -> None:
    """Incremental runs look back 200 hours, full runs 360 days, and runs by hand to the given time."""
    for number, age in enumerate((199, 201, 24 * 359, 24 * 361)):
        house.call(age, NOW - age * HOUR, f"7495000000{number}")
    crm = serve()

    found = [
        house.replicate(crm).counts["read"],
        house.replicate(crm, "full").counts["read"],
        house.replicate(crm, "since", since=NOW - 24 * 400 * HOUR).counts["read"],
    ]

    assert found == [1, 3, 4]
    assert len(crm.effects) == 4


def test_the_cursor_stands_before_what_is_not_answered_for(house: House, serve: Serve) -> None:
    """It passes answered calls, waits for others, and widens the window after a long pause."""
    for number in range(3):
        house.call(number, NOW - (3 - number) * HOUR, f"7495000000{number}")
    reactions = {"74950000000": "ok", "74950000001": "reject", "74950000002": "text nonsense"}
    crm = serve(behave=lambda call, _: reactions[call["destination"]])

    house.replicate(crm)
    assert cursor(house) == NOW - HOUR + timedelta(seconds=2)

    later = NOW + 240 * HOUR
    house.call("late", NOW + HOUR, "74950000003")
    reactions |= {"74950000002": "ok", "74950000003": "ok"}
    run = house.replicate(crm, now=later)
    assert run.request.since == NOW - 201 * HOUR + timedelta(seconds=2)
    assert cursor(house) == later - timedelta(minutes=15)
    assert house.states() == {"delivered": 3, "rejected": 1}


def cursor(house: House) -> object:
    """Return the cursor."""
    ((moment,),) = house.sql("SELECT acknowledged FROM ledger.replication_cursors WHERE origin = 'calls'")
    return moment


def test_what_was_rejected_waits_for_an_operator(house: House, serve: Serve) -> None:
    """It has the CRM's reason. Runs leave it alone, and sending everything again includes it."""
    house.calls(2)
    refused = {"74950000001"}
    crm = serve(behave=lambda call, _: "reject" if call["destination"] in refused else "ok", unique=True)

    house.replicate(crm)
    assert house.reasons() == ['{"destination": "no se consiguió el número de destino en la base de datos"}']
    assert house.replicate(crm).counts["sent"] == 0

    refused.clear()
    again = house.replicate(crm, resend=True)
    assert (again.counts["sent"], again.counts["delivered"]) == (2, 2)
    assert house.states() == {"delivered": 2}
    assert len(crm.effects) == 2


def test_a_call_that_changed_after_it_was_delivered(house: House, serve: Serve) -> None:
    """It is listed as corrected and not sent again. A change that is undone is not listed."""
    for name in ("longer", "recorded", "other", "gone"):
        house.call(name, NOW - HOUR)
    house.sql(
        "INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts, changed_at)"
        " VALUES (%s, 'telphin', '', '', true, '{}', '2026-01-01Z')",
        [str(identity("gone"))],
    )
    links: dict[str, Any] = {"public_url": "https://a", "link_secrets": ((1, "s" * 32),)}
    crm = serve()
    house.replicate(crm)
    house.sql("UPDATE calls.success SET duration = 50 WHERE inviteid = %s", [str(identity("longer"))])
    house.sql("UPDATE calls.success SET bnumber = '74950000001' WHERE inviteid = %s", [str(identity("other"))])
    house.sql("UPDATE calls.success SET isrec = true WHERE inviteid = %s", [str(identity("recorded"))])
    house.sql("DELETE FROM calls.success WHERE inviteid = %s", [str(identity("gone"))])
    house.sql("UPDATE ledger.records SET gone_at = now()")

    run = house.replicate(crm, **links)

    assert (run.counts["corrected"], run.counts["sent"]) == (4, 0)
    corrections = house.sql("SELECT correction FROM ledger.replication ORDER BY correction")
    assert [text for (text,) in corrections] == [
        "a recording",
        "duration 50, was 45",
        "now 2026-11-20 11:00:02 from 13596*106 to 74950000001",
        "the call is gone",
    ]
    house.sql("UPDATE calls.success SET isrec = false WHERE inviteid = %s", [str(identity("recorded"))])
    house.replicate(crm, **links)
    assert house.sql("SELECT count(*) FROM ledger.replication WHERE correction = 'a recording'") == [(0,)]


def test_a_call_that_changed_before_it_was_delivered(house: House, serve: Serve) -> None:
    """Pending and rejected calls are sent with their new values, and removed calls are not sent."""
    for name in ("duration", "number", "gone"):
        house.call(name, NOW - HOUR)
    house.sql(
        "INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts, changed_at)"
        " VALUES (%s, 'telphin', '', '', true, '{}', '2026-01-01Z')",
        [str(identity("gone"))],
    )
    crm = serve(behave=lambda *_: "status 404")
    house.replicate(crm)
    house.sql("UPDATE calls.success SET duration = 50 WHERE inviteid = %s", [str(identity("duration"))])
    house.sql("UPDATE calls.success SET bnumber = '74950000001' WHERE inviteid = %s", [str(identity("number"))])
    house.sql("DELETE FROM calls.success WHERE inviteid = %s", [str(identity("gone"))])
    house.sql("UPDATE ledger.records SET gone_at = now()")

    house.replicate(good := serve())

    assert {call["duration"] for call in good.effects if call["destination"] != "74950000001"} == {"50"}
    assert len(good.effects) == 2
    assert house.states() == {"delivered": 2, "withdrawn": 1}
    assert house.sql("SELECT reason FROM ledger.replication WHERE state = 'withdrawn'") == [("the call is gone",)]


def test_a_number_that_is_forgotten(house: House, serve: Serve) -> None:
    """It is erased from the ledger of deliveries, too, and the call does not become a new one."""
    house.call("a", NOW - HOUR, "74951234567")
    house.call("b", NOW - HOUR, "74951234568")
    crm = serve()
    house.replicate(crm)

    owner = Connection(house.url)
    erase_recordings = partial(retention.erase, owner, Settings())
    touched = forgetting.forget(owner, "+7 495 123-45-67", erase_recordings, lambda _: None)
    again = house.replicate(crm)

    assert touched["ledger.replication"] == touched["calls.success"] == 1
    assert (again.counts["existing"], again.counts["corrected"], again.counts["sent"]) == (2, 0, 0)
    assert "1234567" not in str(house.sql("SELECT * FROM ledger.replication"))


def test_calls_of_no_shape(house: House, serve: Serve) -> None:
    """A long source is cut, and a long destination is no number. The run continues."""
    house.call("a", NOW - HOUR, "74950000001", source="1" * 9_000)
    house.call("b", NOW - HOUR, "7" * 9_000)
    crm = serve()

    ended = house.replicate(crm)

    assert (ended.outcome, ended.counts["left_out"]) == ("done", 1)
    assert [(call["source"], call["destination"]) for call in crm.effects] == [("1" * 255, "74950000001")]


def test_two_crms(house: House, serve: Serve) -> None:
    """Each receives every call, and has its own rows and cursor."""
    house.calls(3)
    one, other = serve(), serve()

    house.replicate(one)
    house.replicate(other, crm_name="other")

    assert (len(one.effects), len(other.effects)) == (3, 3)
    assert house.states() == {"delivered": 6}


def test_pages_of_calls_that_began_together(house: House, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages lose no call and end, however many calls share a time and an id."""
    monkeypatch.setattr(sources, "PAGE_ROWS", 20)
    house.sql(
        "INSERT INTO calls.success (inviteid, invitedt, anumber, bnumber, aouter, bouter, duration)"
        " SELECT CASE WHEN n %% 2 = 0 THEN %s ELSE md5(n::text)::uuid END, %s, n::text, '74950000001', false, true, 1"
        " FROM generate_series(1, 105) AS n",
        [str(identity("same")), NOW - HOUR],
    )
    crm = serve()

    assert house.replicate(crm).counts["read"] == 105
    assert len(crm.effects) == 105
