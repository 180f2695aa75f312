"""A day at the CRM is deleted and created again, so that the CRM has the calls as they are now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from chalicelib.admin.commands import CommandResult, run
from chalicelib.platform import runtime
from tests.replication.crm import TOKEN, Crm
from tests.replication.house import NOW, House, identity

Serve = Callable[..., Crm]
DAY = date(2026, 11, 18)
NOON = NOW - timedelta(days=2)
ZONE = "America/Caracas"
HOUR = timedelta(hours=1)


@pytest.fixture
def crm(house: House, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    """Return a CRM of Ringledger's own that has six calls: a day, its borders and its neighbours."""
    crm = serve(unique=True, zone=ZoneInfo(ZONE))
    values = {
        "DATABASE_URL": house.url, "CRM_URL": crm.url, "CRM_NAME": "crm", "CRM_TOKEN": TOKEN, "CRM_OURS_ALONE": "1",
        "CRM_ZONE": ZONE, "CRM_SECONDS": "2", "REPLICATION_HOURS": "4000",
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    runtime.renew()
    # The day lasts from 04:00 to 04:00 UTC.
    for name, at in (
        ("eve", NOON - 9 * HOUR), ("first", NOON - 7.9 * HOUR), ("noon", NOON), ("gone", NOON + HOUR),
        ("moved", NOON + 2 * HOUR), ("last", NOON + 15.9 * HOUR), ("next", NOON + 17 * HOUR),
    ):  # fmt: skip
        house.call(name, at, NUMBERS[name])
    assert command("run", "--full").exit == 0
    yield crm
    runtime.renew()


NUMBERS = {
    name: f"7495000000{number}"
    for number, name in enumerate(("eve", "first", "noon", "gone", "moved", "last", "next", "new"))
}


def command(*words: str) -> CommandResult:
    """Run an operator's command."""
    return run(["replication", *words], lambda: "")


def change(house: House) -> None:
    """Change three calls of the day: one lasts longer, one is gone, and one had another number."""
    house.sql("UPDATE calls.success SET duration = 50 WHERE bnumber = %s", [NUMBERS["noon"]])
    house.sql("UPDATE calls.success SET bnumber = %s WHERE bnumber = %s", [NUMBERS["new"], NUMBERS["moved"]])
    house.sql("DELETE FROM calls.success WHERE bnumber = %s", [NUMBERS["gone"]])
    house.sql(
        "INSERT INTO ledger.records (inviteid, provider, client, call_id, complete, facts, gone_at)"
        " VALUES (%s, 'telphin', '', '', true, '{}', now())",
        [str(identity("gone"))],
    )


def at_the_crm(crm: Crm) -> dict[str, str]:
    """Return the duration of each call at the CRM by its number. Every number is there once."""
    assert len({call["destination"] for call in crm.effects}) == len(crm.effects)
    return {call["destination"]: call["duration"] for call in crm.effects}


def expected(**durations: str) -> dict[str, str]:
    """Return the six calls that are true after `change`."""
    names = ("eve", "first", "noon", "new", "last", "next")
    return {NUMBERS[name]: {"noon": "50", **durations}.get(name, "45") for name in names}


def differing(house: House) -> list[tuple[object, ...]]:
    """Return the calls of which the CRM has another version."""
    return house.sql("SELECT destination FROM ledger.replication WHERE correction <> '' AND state <> 'withdrawn'")


def test_a_corrected_day(house: House, crm: Crm) -> None:
    """The CRM has every call as it is now, and nothing differs. Neighbours stay as they are."""
    before = {call["destination"]: crm.ids for call in crm.effects}
    change(house)
    shown = command("correct", str(DAY), "--dry-run")
    assert (shown.exit, crm.deletions) == (0, [])

    done = command("correct", str(DAY), "--yes")

    assert (done.exit, done.errors) == (0, "")
    assert "crm has deleted 5 calls of 2026-11-18; by the ledger it had 5.\n" in done.output
    assert "correct, pending calls to crm: done" in done.output
    assert crm.deletions == [{"from": "2026-11-17", "to": "2026-11-19"}]
    assert at_the_crm(crm) == expected()
    assert set(before) - set(at_the_crm(crm)) == {NUMBERS["gone"], NUMBERS["moved"]}
    assert (house.states(), differing(house)) == ({"delivered": 6, "withdrawn": 2}, [])
    assert "corrected 0" in command("run", "--full").output
    assert "It has 4 calls of that day by the ledger: 0 differ" in command("correct", str(DAY), "--dry-run").output
    status = command("status").output
    assert "broke off" not in status
    assert re.search(r"crm +2026-11-18 +corrected +5 +5 ", status)


def test_a_crm_that_is_not_ours_alone(house: House, crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is deleted, and the message names the setting."""
    change(house)
    monkeypatch.delenv("CRM_OURS_ALONE")
    runtime.renew()
    for words in (("correct", str(DAY), "--yes"), ("correct", str(DAY), "--dry-run")):
        refused = command(*words)
        assert (refused.exit, "Set CRM_OURS_ALONE=1 if only this replication" in refused.errors) == (1, True)
    assert (crm.deletions, len(crm.effects)) == ([], 7)


@pytest.mark.parametrize(
    ("day", "code", "message"),
    [
        ("2199-01-01", 1, "2199-01-01 is not over: it ends at 2199-01-02 04:00 UTC"),
        ("18.11.2026", 2, "is not a day: write 2026-11-20"),
        ("0001-01-01", 2, "is not a day: write 2026-11-20"),
    ],
)
def test_days_that_cannot_be_corrected(crm: Crm, day: str, code: int, message: str) -> None:
    """The refusal says why."""
    refused = command("correct", day, "--yes")
    assert (refused.exit, message in refused.errors) == (code, True)
    assert crm.deletions == []


@pytest.mark.parametrize(
    ("reaction", "message"),
    [
        ('text {"error": true, "errors": {}}', "crm did not delete 2026-11-18, and keeps what it had"),
        ('text {"error": true, "errors": {"token": "desconocido"}}', "desconocido"),
        ("status 404", "status 404"),
        ("status 503", "status 503"),
    ],
)
def test_a_refused_deletion(house: House, crm: Crm, reaction: str, message: str) -> None:
    """The CRM keeps the first versions, which stay listed as different. A call with a new key is sent."""
    change(house)
    crm.deletion = reaction

    refused = command("correct", str(DAY), "--yes")

    assert (refused.exit, message in refused.errors) == (1, True)
    assert at_the_crm(crm) == expected(noon="45") | {NUMBERS["gone"]: "45", NUMBERS["moved"]: "45"}
    assert house.states() == {"delivered": 8}
    assert len(differing(house)) == 3
    reason = refused.errors.strip().rpartition(" and keeps what it had: ")[2]
    assert re.search(rf"crm +2026-11-18 +refused .*{re.escape(reason)}", command("status").output)

    crm.deletion = "ok"
    assert command("correct", str(DAY), "--yes").exit == 0
    assert (at_the_crm(crm), differing(house)) == (expected(), [])


@pytest.mark.parametrize("reaction", ["drop", "drop_after", "status 500", "status_after 502", "text <html>"])
def test_a_deletion_without_an_answer(house: House, crm: Crm, reaction: str) -> None:
    """No run sends calls of these days while it may still be at work. Later every call is offered again."""
    change(house)
    crm.deletion = reaction

    lost = command("correct", str(DAY), "--yes")
    asked = crm.asked.total()
    assert (lost.exit, "It is unknown if crm has deleted 2026-11-18" in lost.errors) == (1, True)
    waiting = command("run", "--full")
    assert "undelivered 6" in waiting.output
    assert "done, except 6 calls that another process holds" in waiting.output
    assert crm.asked.total() == asked
    again = command("correct", str(DAY), "--yes")
    assert (again.exit, "Another correction holds days of crm until" in again.errors) == (1, True)
    assert "the correction of 2026-11-18 is at work or broke off; its calls wait until" in command("status").output

    house.sql("UPDATE ledger.replication_corrections SET held_until = now()")
    command("run")
    assert set(expected()) <= set(at_the_crm(crm))
    assert_truthful(house, crm)
    crm.deletion = "ok"
    assert command("correct", str(DAY), "--yes").exit == 0
    assert (at_the_crm(crm), differing(house)) == (expected(), [])
    assert "broke off" not in command("status").output


def assert_truthful(house: House, crm: Crm) -> None:
    """Compare the ledger with the CRM: what is delivered is there, and what does not differ is there as it is now."""
    rows = house.sql("SELECT destination, duration::text, correction FROM ledger.replication WHERE state = 'delivered'")
    there = at_the_crm(crm)
    assert {number: seconds for number, seconds, correction in rows if not correction}.items() <= there.items()
    assert set(there) <= {number for number, *_ in rows}


def test_calls_that_lose_their_answers_after_the_deletion(house: House, crm: Crm) -> None:
    """They are created once, as they are now."""
    change(house)
    crm.behave = lambda _, attempt: "drop_after" if attempt < 2 else "ok"
    crm.asked.clear()

    command("correct", str(DAY), "--yes")
    while house.states().get("pending"):
        command("run")

    assert (at_the_crm(crm), differing(house)) == (expected(), [])


def test_a_source_that_is_away(house: House, crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    """The day could not be stored, so that nothing is deleted."""
    monkeypatch.setenv("REPLICATION_SOURCES", "calls cdr")
    monkeypatch.setenv("CDR_URL", "postgresql://absent@127.0.0.1:1/none")
    runtime.renew()
    assert command("correct", str(DAY), "--yes").exit == 1
    assert (crm.deletions, house.states()) == ([], {"delivered": 7})


def test_a_crm_that_takes_no_calls(house: House, crm: Crm) -> None:
    """A CRM that refuses the calls which are pending anyway is not asked to delete any."""
    change(house)
    house.call("new", NOON, NUMBERS["new"] + "1")
    crm.behave = lambda *_: "status 403"
    refused = command("correct", str(DAY), "--yes")
    assert (refused.exit, "so nothing was deleted: the CRM does not take calls now" in refused.errors) == (1, True)
    assert crm.deletions == []


def test_a_call_that_a_dead_process_held(house: House, crm: Crm) -> None:
    """The deletion waits until its claim has ended, since its request may still be at work."""
    change(house)
    house.sql(
        "UPDATE ledger.replication SET state = 'pending', claimed_by = gen_random_uuid(),"
        " claimed_until = now() + interval '1 second' WHERE destination = %s",
        [NUMBERS["last"]],
    )
    assert command("correct", str(DAY), "--yes").exit == 0
    assert (at_the_crm(crm), differing(house)) == (expected(), [])


def test_an_interrupted_resend(house: House, crm: Crm) -> None:
    """A call that waits to be sent again is not taken for one that the CRM never had."""
    change(house)
    crm.behave = lambda *_: "status 500"
    command("run", "--full", "--resend")
    crm.behave = lambda *_: "ok"
    command("run", "--full")
    command("run", "--full")
    assert_truthful(house, crm)
    assert (NUMBERS["noon"],) in differing(house)
