"""Moving from NiMbox's script to the replication: the calls that the CRM has stay as they are, once each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from chalicelib.admin.commands import run
from chalicelib.platform import runtime
from chalicelib.replication.adopting import ScriptKey, convert_destination, script_key
from chalicelib.replication.cdr_rows import CdrRow
from tests import databases
from tests.databases import Server
from tests.replication.crm import TOKEN, Crm
from tests.replication.house import House

AT = datetime(2026, 11, 20, 6)  # noqa: DTZ001 - a time of the table


@pytest.mark.parametrize(
    ("source", "dialled", "expected"),
    [
        ("7222", "92853348", ("7222", "02122853348")),
        ("7222", "902122853348", ("7222", "02122853348")),
        ("7222", "2853348", ("7222", "2853348")),
        ("7222", "13596*106", ("7222", "13596*106")),
        ("+58 7223", "02122853348", (" 58 7223", "02122853348")),
        ("a&b", "02122853348", ("a", "02122853348")),
        ("7222", "106", None),
        ("a#b", "02122853348", None),
        ("", "02122853348", None),
    ],
)
def test_the_key_that_the_script_sends(source: str, dialled: str, expected: tuple[str, str] | None) -> None:
    """Times are the table's own, destinations follow the script's rules, and sources are not escaped."""
    key = script_key(CdrRow(moment=AT, src=source, dst=dialled), convert_destination)
    assert key == (ScriptKey(AT, *expected) if expected else None)


def configure(house: House, crm: Crm, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what the replication needs to read the table of `url` and to send to the CRM."""
    for name, value in (
        ("DATABASE_URL", house.url), ("CRM_URL", crm.url), ("CRM_NAME", "crm"), ("CRM_TOKEN", TOKEN), ("CDR_URL", url),
        ("CDR_ZONE", "America/Caracas"), ("REPLICATION_SOURCES", "cdr"), ("REPLICATION_NUMBERS", "caracas"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    runtime.renew()


def test_a_script_that_changes_destinations_in_another_way(
    house: House, serve: Callable[..., Crm], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rules are named. Before anything is sent, the latest keys can be compared with the CRM."""
    url = server.new_database()
    databases.run(
        url,
        "CREATE TABLE cdr AS SELECT date_trunc('second', now()::timestamp) AS calldate, '7222' AS src,"
        " '92853341' AS dst, 45 AS duration",
    )
    crm = serve(unique=True)
    configure(house, crm, url, monkeypatch)
    adopt = ["replication", "adopt", "--from", "perl"]

    assert run([*adopt, "--dry-run"], str).output.split()[-3:] == ["7222", "92853341", "02122853341"]
    rules = ["--destinations", "strip:92 area:6:0416"]
    assert run([*adopt, "--dry-run", *rules], str).output.split()[-1] == "0416853341"
    wrong = run([*adopt, "--destinations", "perl"], str)
    assert (wrong.exit, "'perl' is no rule" in wrong.errors) == (1, True)
    assert (house.states(), crm.effects) == ({}, [])

    assert run([*adopt, *rules], str).exit == 0
    assert [call["destination"] for call in crm.effects] == ["0416853341"]
    runtime.renew()


def test_a_crm_that_the_script_has_filled(
    house: House, serve: Callable[..., Crm], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next full run sends nothing twice, and offers what the CRM did not know."""
    url = server.new_database()
    databases.run(
        url,
        "CREATE TABLE cdr AS SELECT date_trunc('second', now()::timestamp) - n * interval '1 day' AS calldate,"
        " '7222' AS src, '9285334' || n AS dst, 45 AS duration, 'ANSWERED' AS disposition, n || '.1' AS uniqueid"
        " FROM generate_series(1, 5) AS n",
    )
    unknown = {"02122853344"}
    crm = serve(unique=True, behave=lambda call, _: "reject" if call["destination"] in unknown else "ok")
    for moment, number in databases.run(url, "SELECT calldate, dst FROM cdr"):
        told = {"initiated": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "source": "7222", "destination": f"0212{str(number)[1:]}"}
        if told["destination"] not in unknown:
            crm.create(told)
    configure(house, crm, url, monkeypatch)

    adopted = run(["replication", "adopt", "--from", "perl"], str)
    again = run(["replication", "adopt", "--from", "perl"], str)
    assert adopted.output.startswith("5 of 5 rows are taken over"), adopted
    assert again.output.startswith("0 of 5 rows are taken over"), again
    assert house.states() == {"delivered": 4, "maybe_delivered": 1}
    assert (len(crm.effects), set(crm.keys.values())) == (4, {1})

    unknown.clear()
    full = run(["replication", "run", "--full"], str)
    assert "sent 1, delivered 1, rejected 0, undelivered 0" in full.output, full
    assert (len(crm.effects), set(crm.keys.values())) == (5, {1})
    assert house.states() == {"delivered": 5}
    runtime.renew()
