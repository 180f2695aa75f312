"""The `replication` commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.admin.commands import CommandResult, run
from chalicelib.platform import runtime
from tests.replication.crm import TOKEN, Crm
from tests.replication.house import House

Serve = Callable[..., Crm]


@pytest.fixture
def unknown() -> set[str]:
    """Return the numbers that the CRM does not know."""
    return {"74950000002", "74950000003"}


@pytest.fixture
def crm(house: House, serve: Serve, unknown: set[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    """Return a CRM that the commands send to, with some calls for it."""
    crm = serve(behave=lambda call, _: "reject" if call["destination"] in unknown else "ok", unique=True)
    for name, value in (("DATABASE_URL", house.url), ("CRM_URL", crm.url), ("CRM_NAME", "crm"), ("CRM_TOKEN", TOKEN)):
        monkeypatch.setenv(name, value)
    runtime.renew()
    house.calls(5, datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=300))
    yield crm
    runtime.renew()


def command(*words: str) -> CommandResult:
    """Run an operator's command."""
    return run(["replication", *words], lambda: "")


def test_runs_by_hand(crm: Crm, capfd: pytest.CaptureFixture[str]) -> None:
    """Incremental runs, full runs and runs since a date print a summary, and show their progress."""
    assert "read 0, existing 0" in command("run").output

    full = command("run", "--full")

    assert full.exit == 0
    assert full.output.splitlines() == [
        "run 2, full, calls to crm: done",
        "  read 5, existing 0, left out 0, corrected 0",
        "  sent 5, delivered 3, rejected 2, undelivered 0",
        full.output.splitlines()[3],
    ]
    assert full.output.splitlines()[3].startswith("  retried 0, uncertain 0; ")
    assert "sent [##############################] 5 of 5" in capfd.readouterr().err
    again = command("run", "--since", "2026-01-01T00:00:00+03:00", "--resend").output
    assert "read 5, existing 5" in again
    assert "sent 5, delivered 3, rejected 2" in again
    assert len(crm.effects) == 3
    for bad in ("x", "0001-01-01", "0001-01-01T00:00+03:00", "9999-12-31T23:59-12:00"):
        refused = command("run", "--since", bad)
        assert (refused.exit, "is not a time: write 2026-11-20" in refused.errors) == (2, True)


def test_what_the_crm_rejected(crm: Crm, unknown: set[str]) -> None:
    """Rejected calls are listed with the CRM's reason, and can be sent again by id or all together."""
    command("run", "--full")
    listed = json.loads(command("list", "--json").output)
    assert [row["destination"] for row in listed] == ["74950000003", "74950000002"]
    assert "no se consiguió" in command("list").output

    unknown.clear()
    one = command("retry", str(listed[0]["id"]))
    assert one.output.startswith("1 rejected rows are pending again.\nrun 2, retry, rejected rows to crm: done\n")
    assert "delivered 1" in one.output
    assert "delivered 1" in command("retry", "--all").output
    assert command("list").output.count("\n") == 1
    assert len(crm.effects) == 5
    assert (command("retry").exit, command("retry", "1", "--all").exit) == (1, 1)


def test_the_status(crm: Crm) -> None:
    """The status shows each CRM with its counts and cursor, and the latest runs."""
    assert command("status").output == "CRM  PENDING  DELIVERED  REJECTED  MAYBE DELIVERED  DIFFERS\n"
    command("run", "--full")

    status = command("status").output.splitlines()

    assert status[1].split() == ["crm", "0", "3", "2", "0", "0"]
    assert status[2].startswith("crm: everything of calls is answered for up to 20")
    assert status[5].split()[:4] == ["1", "crm", "calls", "full"]
    assert status[5].endswith("done")
    assert len(crm.effects) == 3


def test_a_run_that_fails(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    """The summary is printed, and the reason is the one line of the error. Without a CRM there is no summary."""
    monkeypatch.setenv("CRM_TOKEN", "wrong")
    runtime.renew()
    ended = command("run", "--full")
    assert (ended.exit, ended.errors.count("\n")) == (1, 1)
    assert "undelivered" in ended.output
    assert "desconocido" in ended.errors

    monkeypatch.delenv("CRM_URL")
    runtime.renew()
    missing = command("run")
    assert (missing.exit, "CRM_URL is not set" in missing.errors) == (1, True)
    assert crm.effects == []


def test_a_retry_of_a_call_that_is_not_there(crm: Crm) -> None:
    """The answer names the ids that the CRM has not refused. Nothing changes, and nothing is sent."""
    command("run", "--full")
    listed = json.loads(command("list", "--json").output)
    asked = crm.asked.total()

    for ids in (["999"], [str(listed[0]["id"]), "999"], ["1"]):
        refused = command("retry", *ids)
        assert (refused.exit, refused.errors) == (1, f"crm has refused no call {ids[-1]}; nothing was sent\n")
        assert refused.output == ""

    assert crm.asked.total() == asked
    assert len(json.loads(command("list", "--json").output)) == 2


@pytest.mark.usefixtures("crm")
def test_a_list_of_some_calls(house: House) -> None:
    """It is limited to a CRM, to a period and to an age. Calls that failed come before those never tried."""
    command("run", "--full")
    house.sql("UPDATE ledger.replication SET target = 'other' WHERE destination = '74950000002'")
    house.sql(
        "UPDATE ledger.replication SET state = 'pending', attempts = 0, reason = '' WHERE destination > '74950000003'"
    )
    house.sql("UPDATE ledger.replication SET state = 'pending', reason = 'no answer' WHERE destination = '74950000001'")

    def numbers(*words: str) -> list[str]:
        return [row["destination"] for row in json.loads(command("list", "--json", *words).output)]

    assert numbers("--crm", "crm") == ["74950000003"]
    assert numbers("--crm", "other") == ["74950000002"]
    assert numbers("--state", "pending") == ["74950000001", "74950000005", "74950000004"]
    assert numbers("--state", "pending", "--limit", "1") == ["74950000001"]
    assert numbers("--older", "12") == ["74950000003", "74950000002"]
    assert numbers("--older", "13") == numbers("--until", "2020-01-01") == []
    assert numbers("--since", "2020-01-01") == ["74950000003", "74950000002"]


def test_a_source_that_is_away(crm: Crm, monkeypatch: pytest.MonkeyPatch) -> None:
    """The status says since when, and why, until the source is back."""
    monkeypatch.setenv("REPLICATION_SOURCES", "calls cdr")
    monkeypatch.setenv("CDR_URL", "mysql://reader:secret@127.0.0.1:9/asterisk")
    runtime.renew()

    failed = command("run")

    assert failed.exit == 1
    (line,) = [line for line in command("status").output.splitlines() if "is away" in line]
    assert line.startswith("crm: cdr is away since 20")
    assert "Connection refused" in line
    assert "secret" not in line
    assert crm.effects == []


def test_calls_that_a_dead_process_holds(crm: Crm, house: House) -> None:
    """The run, its summary and the status say that they wait, and the next run sends them."""
    command("run", "--full")
    house.sql(
        "UPDATE ledger.replication SET state = 'pending', claimed_by = gen_random_uuid(),"
        " claimed_until = now() + interval '1 minute' WHERE state = 'delivered'"
    )

    ended = command("run")

    assert ended.output.startswith("run 2, incremental, calls to crm: done, except 3 calls that another process holds")
    assert "sent 0, delivered 0, rejected 0, undelivered 3" in ended.output
    assert "3 calls wait under the claim of another process" in ended.output
    assert "3 of the pending calls are held by a process, which may be dead" in command("status").output
    house.sql("UPDATE ledger.replication SET claimed_until = now() WHERE claimed_until IS NOT NULL")
    assert "sent 3, delivered 3, rejected 0, undelivered 0" in command("run").output
    assert len(crm.effects) == 3
