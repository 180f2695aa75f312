"""Phone calls in the database: created once, listed as calls of the ledger, deleted with them."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chalicelib.calls.events import CallKey
from chalicelib.calls.numbers import digits
from chalicelib.calls.records import call_id
from chalicelib.ledger.replay import replay
from chalicelib.nimbox.parameters import BadParameters, Clock
from chalicelib.platform.postgres import Connection
from tests.nimbox.service import Office

NUMBER = "02122853348"
AT = "2012-08-23T12:20:33"
DAY = datetime(2012, 8, 23)  # noqa: DTZ001 - UTC, as everywhere in the ledger
EVER = (datetime(1970, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 - as above

OWN = """
INSERT INTO calls.{table} (inviteid, invitedt, {columns}) VALUES
('6b0e5f3e-5d0a-5c39-9a53-7a1f2b1d9c11', '2012-08-23 12:20:30', {values})
"""


def test_a_call_is_a_call_of_the_ledger(office: Office) -> None:
    """Its record is answered, has a stable id, and names its origin."""
    office.contact(NUMBER)
    phonecall = office.create(NUMBER, AT, duration="45", url="http://x/y").phonecall

    ((inviteid, provider, name, complete, facts),) = office.rows(
        "SELECT success.inviteid::text, provider, call_id, complete, facts FROM calls.success"
        " JOIN ledger.records USING (inviteid) WHERE dial_dt = start_dt AND stop_dt - start_dt = interval '45 seconds'"
    )
    assert inviteid == call_id(CallKey("nimbox", "", f"{AT} 7222 {NUMBER}"))
    assert (provider, name, complete) == ("nimbox", str(phonecall), True)
    assert facts == {"reasons": ["created through the phone-call service"], "link": "http://x/y"}


def test_no_seconds_are_no_answer(office: Office) -> None:
    """A duration of 0 is an unanswered call. A missing duration is unknown."""
    office.contact(NUMBER)
    office.create(NUMBER, duration="0")
    office.create(NUMBER)

    assert office.rows("SELECT callednum, stopreason FROM calls.cancelled") == [(NUMBER, "No cause given")]
    assert office.rows(
        "SELECT duration, stop_dt, complete FROM calls.success JOIN ledger.records USING (inviteid)"
    ) == [(None, None, False)]


def test_what_is_no_link_is_kept_as_text_only(office: Office) -> None:
    """A url of another scheme is stored with the phone call and shown nowhere."""
    office.contact(NUMBER)
    office.create(NUMBER, url="javascript:alert(1)")

    assert office.rows("SELECT url FROM ledger.phonecalls") == [("javascript:alert(1)",)]
    assert office.rows("SELECT facts ? 'link' FROM ledger.records") == [(False,)]


@pytest.mark.parametrize(
    ("table", "columns", "values"),
    [
        ("success", "dial_dt, anumber, bnumber", f"'{AT}.75', '7222', '{NUMBER}'"),
        ("success", "dial_dt, anumber, bnumber", f"'{AT}', '+7222', '+{NUMBER}'"),
        ("success", "dial_dt, anumber, bnumber", f"'2012-08-23 12:20:30', '7222', '{NUMBER}'"),
        ("cancelled", "dial_dt, fromnumber, callednum", f"'{AT}', '72-22', '{NUMBER}'"),
        ("failed", "fromnumber, callednum", f"'7222', '{NUMBER}'"),
    ],
)
def test_a_call_that_is_there_adds_no_second_row(office: Office, table: str, columns: str, values: str) -> None:
    """The phone call uses Ringledger's own record, which stays when the phone call is deleted."""
    office.contact(NUMBER)
    office.rows(OWN.format(table=table, columns=columns, values=values))
    at = AT if f"{AT}" in values else "2012-08-23T12:20:30"
    first = office.create(NUMBER, at, duration="45")

    assert office.create(NUMBER, at) == first
    counts = [office.count(f"calls.{name}") for name in ("success", "cancelled", "failed")]
    assert sum(counts) == 1
    assert office.count("ledger.records") == 0
    assert office.delete(*EVER) == 1
    assert office.count(f"calls.{table}") == 1


@pytest.mark.parametrize(
    "values",
    [
        f"'{AT}', '8', '{NUMBER}'",
        f"'{AT}', '7223', '{NUMBER}'",
        f"'{AT}', '7222', '02122853349'",
        f"'{AT}', NULL, '{NUMBER}'",
        f"'{AT}', '7222', NULL",
    ],
)
def test_another_call_is_another(office: Office, values: str) -> None:
    """Another source or destination makes another call."""
    office.contact(NUMBER)
    office.rows(OWN.format(table="success", columns="dial_dt, anumber, bnumber", values=values))
    office.create(NUMBER, AT)
    assert office.count("calls.success") == 2


def test_two_within_a_second_are_two(office: Office) -> None:
    """Times are compared to the microsecond, and a phone call is no record of Ringledger's own."""
    office.contact(NUMBER)
    office.create(NUMBER, AT)
    office.create(NUMBER, f"{AT}.5")
    assert (office.count("ledger.phonecalls"), office.count("calls.success")) == (2, 2)


@pytest.mark.parametrize("new_contacts", [False, True])
def test_the_same_at_once_is_one(office: Office, new_contacts: bool) -> None:
    """Concurrent requests get the same ids and create one row of each kind."""
    if not new_contacts:
        office.contact(NUMBER)
    with ThreadPoolExecutor(8) as pool:
        offices = [Office(office.settings) for _ in range(8)]
        for turn in range(20):
            at = (DAY + timedelta(hours=turn)).isoformat()
            answers = pool.map(lambda each, at=at: each.create(NUMBER, at, new_contacts=new_contacts), offices)
            assert len(set(answers)) == 1

    tables = ("ledger.phonecalls", "calls.success", "ledger.records", "ledger.contacts", "ledger.contact_numbers")
    assert [office.count(table) for table in tables] == [20, 20, 20, 1, 1]


def test_creating_while_deleting_ends_well(office: Office) -> None:
    """Concurrent deletions leave no record without its phone call, and none fails."""
    office.contact(NUMBER)

    def work(number: int) -> None:
        each, chance = Office(office.settings), random.Random(number)
        for _ in range(25):
            if chance.random() < 0.3:
                each.delete(*EVER)
            else:
                each.create(NUMBER, f"2012-08-23T12:20:{chance.randrange(3):02}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert office.count("ledger.phonecalls") == office.count("calls.success") == office.count("ledger.records")


def test_spellings_of_one_call_are_one(office: Office) -> None:
    """Different spellings of times and numbers create one row for each call."""
    office.contact(NUMBER, "582125550000")
    chance = random.Random(1)
    calls = set()
    for _ in range(150):
        at, zone = DAY + timedelta(seconds=chance.randrange(4)), chance.choice([-4, 0, 3])
        source, destination = chance.choice(["7222", "72-22", "+7222"]), chance.choice([NUMBER, "0212 285 3348"])
        text = f"{(at + timedelta(hours=zone)).isoformat()}{zone:+03}:00"
        office.create(destination, text, source=source)
        calls.add((at, digits(source), digits(destination)))
    assert office.count("ledger.phonecalls") == office.count("calls.success") == len(calls)


def test_an_unknown_destination_is_refused_or_becomes_a_contact(office: Office) -> None:
    """By default nothing is stored. With the setting, the number becomes a contact without a name."""
    with pytest.raises(BadParameters) as caught:
        office.create(NUMBER)
    assert set(caught.value.faults) == {"destination"}
    assert (office.count("ledger.contacts"), office.count("calls.success")) == (0, 0)

    made = office.create(NUMBER, new_contacts=True)
    assert office.create(NUMBER, new_contacts=True).contact == made.contact
    assert office.contact(NUMBER, name="Ana") == made.contact


def test_a_call_stays_with_its_contact(office: Office) -> None:
    """A duplicate gets the contact of the stored call, even if the number has no contact today."""
    office.contact(NUMBER)
    first = office.create(NUMBER, AT)
    office.rows("DELETE FROM ledger.contact_numbers")
    assert office.create(NUMBER, AT) == first


def test_deleting_leaves_others_alone(office: Office) -> None:
    """Only phone calls of the period and their records are deleted."""
    office.contact(NUMBER)
    office.rows("INSERT INTO calls.success (inviteid, invitedt) VALUES (gen_random_uuid(), %s)", DAY)
    for hour in (-1, 0, 23, 24):
        office.create(NUMBER, (DAY + timedelta(hours=hour)).isoformat(), duration=str(hour % 2))

    assert office.delete(DAY, DAY + timedelta(1)) == 2
    assert [office.count(name) for name in ("ledger.phonecalls", "calls.success", "calls.cancelled")] == [2, 2, 1]
    assert office.count("ledger.records") == 2


def test_local_time_and_its_instant_are_one_call(office: Office) -> None:
    """A local time and the same instant with a zone are one call."""
    office.contact(NUMBER)
    clock = Clock(ZoneInfo("America/Caracas"))
    assert office.create(NUMBER, AT, clock=clock) == office.create(NUMBER, "2012-08-23T16:50:33Z", clock=clock)


def test_a_replay_touches_no_phone_call(office: Office) -> None:
    """A replay does not change rows that follow from no raw event."""
    office.contact(NUMBER)
    office.create(NUMBER, AT)
    before = office.rows(
        "SELECT success.*::text, records.*::text FROM calls.success JOIN ledger.records USING (inviteid)"
    )
    replay(Connection(office.settings.owner_database_url), *EVER, "", lambda _: None)
    after = office.rows(
        "SELECT success.*::text, records.*::text FROM calls.success JOIN ledger.records USING (inviteid)"
    )
    assert after == before


def test_hostile_numbers_are_only_numbers(office: Office) -> None:
    """SQL in a number becomes digits that match no contact."""
    with pytest.raises(BadParameters):
        office.create("0212'; DELETE FROM ledger.contacts; --", url="'); DELETE FROM ledger.contacts; --")
    assert office.count("ledger.phonecalls") == 0
