"""The scheduled handler: the kind of run, the continuation in another invocation, and no CRM."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO, cast
from zoneinfo import ZoneInfo

import pytest

from chalicelib import edge
from chalicelib import settings as environment
from chalicelib.platform import functions, runtime
from chalicelib.replication import sources, surface
from chalicelib.replication.replicate import SourceAway
from infra.local.scheduler import event
from tests import databases
from tests.databases import Server
from tests.replication.crm import TOKEN, Crm
from tests.replication.house import House

CALLS = 60
DUE = datetime(2026, 11, 20, 9, tzinfo=UTC)

Serve = Callable[..., Crm]
Invocations = list[tuple[str, dict[str, Any]]]


def forever() -> float:
    """Return more time than any run needs."""
    return 900.0


@pytest.fixture
def crm(house: House, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crm]:
    """Return a CRM that the environment names."""
    crm = serve()
    monkeypatch.setattr(sources, "PAGE_ROWS", 50)
    monkeypatch.setenv("WRITER_DATABASE_URL", house.settings.writer_database_url)
    monkeypatch.setenv("CRM_URL", crm.url)
    monkeypatch.setenv("CRM_TOKEN", TOKEN)
    runtime.renew()
    house.calls(CALLS, datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=3))
    yield crm
    runtime.renew()


@pytest.fixture
def invoked(monkeypatch: pytest.MonkeyPatch) -> Invocations:
    """Return the recorded invocations. A stand-in tests Lambda's own part."""
    invocations: Invocations = []
    monkeypatch.setattr(functions, "start", lambda name, content: invocations.append((name, content)))
    return invocations


@pytest.mark.parametrize(
    ("zone", "hour", "kind"),
    [("UTC", 23, "full"), ("UTC", 3, "incremental"), ("America/Caracas", 3, "full"), ("Asia/Kolkata", 18, "full")],
)
def test_what_is_due(house: House, zone: str, hour: int, kind: str) -> None:
    """A full run is due at 23 o'clock in the site's time zone, and an incremental one at any other hour."""
    current = environment.load({"SITE_ZONE": zone})
    assert current.site_zone == ZoneInfo(zone)
    assert surface.kind(current, DUE.replace(hour=hour)) == kind
    assert house.sql("SELECT count(*) FROM ledger.replication_runs") == [(0,)]


def test_without_a_crm(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens, and no database is used."""
    monkeypatch.delenv("CRM_URL", raising=False)
    runtime.renew()
    surface.handle(event("replicate", DUE), "replicate", forever)
    assert house.states() == {}


def test_an_invocation(house: House, crm: Crm, invoked: Invocations, capsys: pytest.CaptureFixture[str]) -> None:
    """All calls are sent. One log line and one line of metrics have the summary, without the token."""
    # The log keeps the standard output of whichever test wrote first.
    for handler in edge.logger().handlers:
        cast("logging.StreamHandler[TextIO]", handler).setStream(sys.stdout)

    surface.handle(event("replicate", DUE), "replicate", forever)

    assert len(crm.effects) == CALLS
    assert invoked == []
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (summary,) = [line for line in lines if line.get("surface") == "replication"]
    (metrics,) = [line for line in lines if "_aws" in line]
    assert (summary["kind"], summary["outcome"], summary["delivered"]) == ("incremental", "done", CALLS)
    assert metrics["replication_delivered"] == [float(CALLS)]
    assert TOKEN not in json.dumps(lines)
    assert house.states() == {"delivered": CALLS}


def test_an_invocation_without_enough_time(house: House, crm: Crm, invoked: Invocations) -> None:
    """The function invokes itself with its run until all is done, and the last invocation starts no other."""
    times = iter([59.0, 59.0, *[900.0] * 10_000])
    following = event("replicate", DUE)
    surface.handle(following, "ringledger-replicate", lambda: next(times))
    assert crm.effects == []
    while invoked:
        ((name, following),) = invoked
        assert (name, following["detail"]["sources"]) == ("ringledger-replicate", [])
        invoked.clear()
        surface.handle(following, name, forever)

    assert len(crm.keys) == CALLS
    assert house.sql("SELECT kind, outcome, read, delivered FROM ledger.replication_runs") == [
        ("incremental", "done", CALLS, CALLS)
    ]


def test_a_source_that_is_away(house: House, crm: Crm, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other source is replicated every hour. One run waits for this source, and no more pile up."""
    cdr = server.new_database()
    databases.run(cdr, "CREATE TABLE cdr (calldate timestamp, src text, dst text, duration integer)")
    for name, value in (("REPLICATION_SOURCES", "cdr calls"), ("CDR_URL", "postgresql://nobody@127.0.0.1:9/none")):
        monkeypatch.setenv(name, value)
    runtime.renew()

    for _ in range(2):
        with pytest.raises(SourceAway):
            surface.handle(event("replicate", DUE), "replicate", forever)

    runs = house.sql("SELECT origin, outcome FROM ledger.replication_runs ORDER BY id")
    assert runs == [("cdr", ""), ("calls", "done"), ("calls", "done")]
    assert len(crm.effects) == CALLS
    monkeypatch.setenv("CDR_URL", cdr)
    runtime.renew()
    surface.handle(event("replicate", DUE), "replicate", forever)
    assert house.sql("SELECT count(*) FROM ledger.replication_runs WHERE ended_at IS NULL") == [(0,)]


def test_a_run_that_was_cut_off_comes_first(house: House, crm: Crm, invoked: Invocations) -> None:
    """The next invocation completes it before it starts a new run."""
    surface.handle(event("replicate", DUE.replace(hour=23)), "replicate", lambda: 59.0)
    invoked.clear()

    surface.handle(event("replicate", DUE), "replicate", forever)

    runs = house.sql("SELECT kind, outcome, delivered FROM ledger.replication_runs ORDER BY id")
    assert runs == [("full", "done", CALLS), ("incremental", "done", 0)]
    assert set(crm.keys.values()) == {1}
