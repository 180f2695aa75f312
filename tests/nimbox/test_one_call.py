"""A call that a script and the PBX both report, in either order."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from chalicelib.nimbox import phonecalls
from chalicelib.platform.postgres import Connection
from tests.nimbox.service import Office

AT = datetime(2012, 8, 23, 12, 20, 33)  # noqa: DTZ001 - UTC
PAIRS = [
    ("7222", "02122853348", "13596*7222", "02122853348"),
    ("7222", "02122853348", "13596*106", "+582122853348"),
    ("7222", "02122853348", "13596*106@pbx.example", "92853348"),
    ("106", "02122853348", "13596*106", "2853348"),
    ("7222", "02122853348", "7222", "02122853348"),
]


@pytest.fixture(autouse=True)
def directory(office: Office) -> None:
    """Register a contact, and the user behind an extension."""
    office.contact("02122853348")
    office.rows("DELETE FROM ledger.users")
    office.rows(
        "INSERT INTO ledger.users (id, login, name, extension, agent, number, line_id, on_call_center)"
        " VALUES (gen_random_uuid(), 'anna', 'Anna', '13596*106', 'anna', '7222', gen_random_uuid(), true)"
    )


def pbx(office: Office, at: datetime, source: str, destination: str, table: str = "success") -> str:
    """Insert what the PBX reports, with the rights of the Lambda that does it."""
    inviteid = str(uuid4())
    names = ("anumber", "bnumber", "bouter") if table == "success" else ("fromnumber", "callednum", "fromouter")
    office.writer.execute(
        f"INSERT INTO calls.{table} (inviteid, invitedt, {', '.join(names)}) VALUES (%s, %s, %s, %s, %s)",
        [inviteid, at, source, destination, table == "success"],
    )
    return inviteid


def script(office: Office, at: datetime, source: str, destination: str) -> None:
    """Create what the script reports."""
    office.create(destination, at.isoformat(), source=source, duration="45")


def records(office: Office) -> list[str]:
    """Return the ids of all calls, answered or not."""
    tables = " UNION ALL ".join(
        f"SELECT inviteid::text FROM calls.{name}" for name in ("success", "cancelled", "failed")
    )
    return [row[0] for row in office.rows(f"{tables} ORDER BY 1")]


@pytest.mark.parametrize("first", ["script", "pbx"])
@pytest.mark.parametrize("table", ["success", "cancelled", "failed"])
@pytest.mark.parametrize("pair", PAIRS, ids=" ".join)
def test_one_call(office: Office, first: str, table: str, pair: tuple[str, str, str, str]) -> None:
    """It is one record, the PBX's. Deleting the phone call does not delete what the PBX reported."""
    source, destination, caller, called = pair
    if first == "script":
        script(office, AT + timedelta(seconds=3), source, destination)
    inviteid = pbx(office, AT, caller, called, table)
    if first == "pbx":
        script(office, AT + timedelta(seconds=3), source, destination)

    assert records(office) == [inviteid]
    assert office.rows("SELECT inviteid::text, own FROM ledger.phonecalls") == [(inviteid, False)]
    assert office.count("ledger.records") == 0
    assert office.delete(AT - timedelta(days=1), AT + timedelta(days=1)) == 1
    assert records(office) == [inviteid]


@pytest.mark.parametrize("first", ["script", "pbx"])
@pytest.mark.parametrize(
    ("seconds", "caller", "called"),
    [
        (60, "13596*106", "02122853348"),
        (3, "13596*107", "02122853348"),
        (3, "13596*106", "04122853348"),
        (3, "22", "02122853348"),
    ],
)
def test_two_calls(office: Office, first: str, seconds: int, caller: str, called: str) -> None:
    """Another minute, another caller or another number is another call."""
    at = AT + timedelta(seconds=seconds)
    if first == "script":
        script(office, at, "7222", "02122853348")
    pbx(office, AT, caller, called)
    if first == "pbx":
        script(office, at, "7222", "02122853348")

    assert len(records(office)) == 2


@pytest.mark.parametrize("first", ["script", "pbx"])
def test_calls_that_follow_each_other(office: Office, first: str) -> None:
    """A number that was dialled again at once gives two calls, each with the record that is nearest to it."""
    times = [AT, AT + timedelta(seconds=8)]
    ids: list[str] = []

    def all_of_the_pbx() -> None:
        ids.extend(pbx(office, at, "13596*106", "02122853348") for at in times)

    if first == "pbx":
        all_of_the_pbx()
    for at in times:
        script(office, at + timedelta(seconds=1), "7222", "02122853348")
    if first == "script":
        all_of_the_pbx()

    assert office.rows("SELECT inviteid::text, own FROM ledger.phonecalls ORDER BY initiated") == [
        (inviteid, False) for inviteid in ids
    ]
    assert len(records(office)) == 2


@pytest.mark.parametrize("table", ["success", "cancelled", "failed"])
def test_both_reports_in_one_instant(office: Office, table: str) -> None:
    """Neither transaction sees the other's row. Maintenance makes one record of them, once."""
    pbx_writer = Connection(office.settings.writer_database_url)
    with pbx_writer.transaction():
        inviteid = pbx(with_writer(office, pbx_writer), AT, "13596*106", "+582122853348", table)
        script(office, AT + timedelta(seconds=3), "7222", "02122853348")
    pbx_writer.close()
    assert len(records(office)) == 2

    assert phonecalls.join_late(office.owner, AT + timedelta(hours=1)) == 0
    assert phonecalls.join_late(office.owner, AT - timedelta(hours=1)) == 1
    assert phonecalls.join_late(office.owner, AT - timedelta(hours=1)) == 0
    assert records(office) == [inviteid]
    assert office.rows("SELECT inviteid::text, own FROM ledger.phonecalls") == [(inviteid, False)]


def with_writer(office: Office, writer: Connection) -> Office:
    """Return the office with another connection of the writer."""
    other = Office(office.settings)
    other.writer = writer
    return other
