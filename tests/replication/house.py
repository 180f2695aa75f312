"""A database with calls, and runs of the replication from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from chalicelib.nimbox.client import Timing
from chalicelib.platform.postgres import Connection
from chalicelib.replication import replicate
from chalicelib.replication.replicate import RunContext
from chalicelib.replication.runs import Run
from chalicelib.settings import Settings
from tests.replication.crm import TOKEN, Crm

NOW = datetime(2026, 11, 20, 12)  # noqa: DTZ001 - UTC, as everywhere in the ledger
NAMESPACE = UUID("0d3c9d7e-30e6-4d1c-9f3c-5d4b62a64b10")

# For a few rows that is much faster than TRUNCATE, which makes new files.
CLEAR = """
DELETE FROM ledger.replication; DELETE FROM ledger.replication_runs; DELETE FROM ledger.replication_cursors;
DELETE FROM ledger.replication_corrections;
DELETE FROM ledger.records; DELETE FROM calls.success; DELETE FROM calls.cancelled; DELETE FROM calls.failed;
ALTER TABLE ledger.replication_runs ALTER id RESTART; ALTER TABLE ledger.replication ALTER id RESTART
"""
SUCCESS = """
INSERT INTO calls.success
    (inviteid, invitedt, dial_dt, start_dt, stop_dt, anumber, bnumber, aouter, bouter, duration, isrec)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

MANY = """
INSERT INTO calls.success
    (inviteid, invitedt, dial_dt, start_dt, stop_dt, anumber, bnumber, aouter, bouter, duration, isrec)
SELECT md5(n::text)::uuid, at, at, at, at, '101', '7495' || lpad(n::text, 7, '0'), false, true, n %% 300, false
FROM (SELECT n, %s::timestamp + n * interval '1 second' AS at FROM generate_series(1, %s) AS n) AS numbered
"""


def identity(name: object) -> UUID:
    """Return the inviteid of the call with this name."""
    return uuid5(NAMESPACE, str(name))


@dataclass
class House:
    """A database with calls, and the settings of a replication from it."""

    settings: Settings

    def __post_init__(self) -> None:
        """Connect as the Lambda does, and as the owner."""
        self.writer = Connection(self.settings.writer_database_url)
        self._owner = Connection(self.settings.owner_database_url)
        self.url = self.settings.owner_database_url

    def sql(self, statement: str, parameters: list[object] | None = None) -> list[tuple[Any, ...]]:
        """Return the rows of an owner's statement."""
        return self._owner.execute(statement, parameters)

    def call(self, name: object, at: datetime, destination: str = "", **facts: Any) -> None:
        """Insert an answered outgoing call that began at `at`."""
        number = destination or f"7495{sum(map(ord, str(name))) % 10_000_000:07}"
        said: dict[str, Any] = {
            "source": "13596*106",
            "aouter": False,
            "bouter": True,
            "duration": 45,
            "isrec": False,
        } | facts
        dialled = at + timedelta(seconds=2)
        stopped = dialled + timedelta(seconds=10 + said["duration"])
        times = (at, dialled, dialled + timedelta(seconds=10), stopped)
        rest = (said["source"], number, said["aouter"], said["bouter"], said["duration"], said["isrec"])
        self.sql(SUCCESS, [str(identity(name)), *times, *rest])

    def calls(self, count: int, begin: datetime = NOW - timedelta(hours=5)) -> None:
        """Insert `count` calls, one second apart."""
        self.sql(MANY, [begin, count])

    def context(self, crm: Crm, **facts: Any) -> RunContext:
        """Return the context of a run that sends to `crm`. Settings may be passed by name."""
        names = {name: facts.pop(name) for name in list(facts) if hasattr(self.settings, name)}
        settings = replace(self.settings, crm_url=crm.url, crm_name="crm", crm_token=TOKEN, crm_seconds=1)
        return RunContext(self.writer, replace(settings, **names), **{"timing": HASTY, **facts})

    def replicate(self, crm: Crm, kind: str = "incremental", now: datetime = NOW, **facts: Any) -> Run:
        """Run the replication from the first source."""
        since, resend = facts.pop("since", None), facts.pop("resend", False)
        context = self.context(crm, **facts)
        order = replicate.plan(context, kind, context.settings.replication_sources[0], now, since)
        return replicate.start(context, order._replace(resend=resend))

    def resumed(self, crm: Crm, **facts: Any) -> Run:
        """Resume the oldest interrupted run."""
        ended = replicate.resume(self.context(crm, **facts))
        assert ended is not None
        return ended

    def states(self) -> dict[str, int]:
        """Return the number of rows in each state."""
        return dict(self.sql("SELECT state, count(*) FROM ledger.replication GROUP BY state"))

    def reasons(self) -> list[str]:
        """Return the distinct reasons."""
        rows = self.sql("SELECT DISTINCT reason FROM ledger.replication WHERE reason <> '' ORDER BY reason")
        return [reason for (reason,) in rows]


def every(*behaviours: tuple[int, str]) -> Callable[[dict[str, str], int], str]:
    """Return a behaviour: each `(step, reaction)` applies to the first request for every `step`-th call."""

    def behave(call: dict[str, str], attempt: int) -> str:
        number = int(call["destination"][4:])
        found: Sequence[str] = [reaction for step, reaction in behaviours if attempt == 0 and number % step == 0]
        return found[0] if found else "ok"

    return behave


HASTY = Timing(chance=lambda: 0.02)
