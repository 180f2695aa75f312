"""NiMbox's script, unchanged, and the replication that replaces it: both report the same calls, through every fault."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import pytest

from chalicelib.settings import Settings
from tests.admin.program import ROOT, run_admin
from tests.conftest import Launch
from tests.databases import run
from tests.mariadb import CDR, MariaDb
from tests.nimbox.faulty_relay import FaultyRelay, relaying
from tests.nimbox.script import perl, rebuilt
from tests.replication.crm import TOKEN, Crm, running

pytestmark = pytest.mark.verify

ZONE = ZoneInfo("America/New_York")
WINDOW_DAYS = 355
PATIENCE_SECONDS = 120
NOW = datetime.now(UTC).replace(microsecond=0)
HOUR = timedelta(hours=1)


class CdrCall(NamedTuple):
    """A call of the PBX: when it began, its numbers as dialled, seconds, and if it was answered."""

    began: datetime
    source: str
    dialled: str
    seconds: int
    answered: bool = True

    @property
    def wall(self) -> str:
        """Return the time of the table, which is local."""
        return f"{self.began.astimezone(ZONE):%Y-%m-%dT%H:%M:%S}"

    @property
    def number(self) -> str:
        """Return the destination that a CRM expects."""
        number = self.dialled.removeprefix("9") if self.dialled.startswith("9") else self.dialled
        return f"0212{number}" if self.dialled.startswith("9") and len(number) == 7 else number

    @property
    def local_key(self) -> tuple[str, str, str]:
        """Return the call as the script reports it."""
        return f"{self.wall}Z", self.source, self.number

    @property
    def key(self) -> tuple[str, str, str]:
        """Return the call as the replication reports it."""
        return f"{self.began:%Y-%m-%dT%H:%M:%SZ}", self.source, self.number


def changes() -> list[datetime]:
    """Return when the clock was changed within the window."""
    hours = [NOW.replace(minute=0, second=0) - number * HOUR for number in range(24 * WINDOW_DAYS)]
    return [at for at in hours if at.astimezone(ZONE).utcoffset() != (at - HOUR).astimezone(ZONE).utcoffset()]


def calls() -> list[CdrCall]:
    """Return calls of the last days and around each change of the clock, all of which the script reports."""
    made = [CdrCall(NOW - number * 7 * HOUR, f"72{number:02}", f"9285{number:04}", number) for number in range(1, 25)]
    made += [
        CdrCall(NOW - 30 * HOUR, "7222", "902122853348", 61),
        CdrCall(NOW - 31 * HOUR, "7222", "2853348", 5, False),
    ]
    for place, change in enumerate(changes()):
        for step in range(-4, 5):
            at = change + step * timedelta(minutes=29)
            made.append(CdrCall(at, f"73{place}{step + 4}", f"0416{place}00000{step + 4}", 30 + step))
    return made


CALLS = calls()
#: What the script never reports.
INTERNAL = CdrCall(NOW - 20 * HOUR, "7222", "106", 9)
#: Calls after the move.
LATER = [CdrCall(NOW - number * HOUR, f"74{number:02}", f"9285{number:04}", 20) for number in range(2, 12)]


@pytest.fixture
def asterisk(mariadb: MariaDb) -> MariaDb:
    """Return a PBX's database with the calls before the move, under the name in the script."""
    mariadb.run(CDR, mariadb.new_database("asterisk"))
    insert(mariadb, [*CALLS, INTERNAL])
    return mariadb


def insert(mariadb: MariaDb, made: list[CdrCall]) -> None:
    """Write calls into the PBX's table as Asterisk does."""
    rows = ", ".join(
        f"('{call.wall.replace('T', ' ')}', '{call.source}', '{call.dialled}', {call.seconds}, 'SIP/{call.source}',"
        f" '{'ANSWERED' if call.answered else 'NO ANSWER'}', '{call.began.timestamp():.0f}.{place}')"
        for place, call in enumerate(made)
    )
    mariadb.run(
        f"INSERT INTO cdr (calldate, src, dst, duration, channel, disposition, uniqueid) VALUES {rows}", "asterisk"
    )


@pytest.fixture
def script(asterisk: MariaDb, tmp_path: Path) -> Callable[[str, str], list[str]]:
    """Return a function that gives the command of the script for an address and a token."""

    def command(url: str, token: str) -> list[str]:
        path = tmp_path / f"phonecalls-{urlsplit(url).port}"
        values = {
            "ASTERISK_HOST": f"{asterisk.host};port={asterisk.port}",
            "ASTERISK_USER": asterisk.user,
            "ASTERISK_PASSWORD": asterisk.password,
            "NIMBOX_HOST": urlsplit(url).netloc,
            "NIMBOX_DIRECT_TOKEN": quote(token, safe=""),
        }
        path.write_text(rebuilt(values), "utf-8")
        return [perl(), str(path), "-full"]

    return command


@pytest.fixture
def crm() -> Iterator[Crm]:
    """Run a CRM that behaves as the protocol says."""
    with running(Crm(unique=True)) as crm:
        yield crm


def killed_after(command: list[str], requests_made: Callable[[], int], count: int, **environment: str) -> None:
    """Run a command, and kill it when it has made `count` requests."""
    goal, deadline = requests_made() + count, time.monotonic() + PATIENCE_SECONDS
    with subprocess.Popen(
        command, cwd=ROOT, env={"PATH": "/usr/bin:/bin", "PYTHONUTF8": "1", **environment}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        while requests_made() < goal and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.kill()


def test_the_script_reports_to_ringledger(
    script: Callable[[str, str], list[str]], launch: Launch, tmp_path: Path
) -> None:
    """Runs that are killed and lose requests and answers add up to every call, once each, at its own local time."""
    facts = launch(tmp_path / "stack", NIMBOX_NEW_CONTACTS="yes", NIMBOX_Z_IS_LOCAL="yes", SITE_ZONE=ZONE.key).facts
    with relaying(FaultyRelay(facts["url"])) as relay:
        command = script(relay.url, facts["tokens"]["nimbox"])
        killed_after(command, lambda: relay.requests, 15)
        subprocess.run(command, timeout=PATIENCE_SECONDS, check=True, capture_output=True)
        relay.calm = True
        subprocess.run(command, timeout=PATIENCE_SECONDS, check=True, capture_output=True)

    stored = run(facts["database_url"], STORED, [ZONE.key])
    reported = Counter(stored)
    assert reported == Counter((call.wall, call.source, call.number, call.seconds) for call in CALLS)
    records = run(facts["database_url"], "SELECT count(*), count(DISTINCT inviteid) FROM ledger.phonecalls")
    assert records == [(len(CALLS), len(CALLS))]


def test_the_replication_takes_over(
    script: Callable[[str, str], list[str]], crm: Crm, asterisk: MariaDb, database: Settings
) -> None:
    """The CRM has every call once: those of the script as it sent them, later ones at their true time."""
    subprocess.run(script(crm.url, TOKEN), timeout=PATIENCE_SECONDS, check=True, capture_output=True)
    assert crm.keys == Counter(call.local_key for call in CALLS)
    insert(asterisk, LATER)
    crm.asked.clear()
    crm.behave = faults
    environment = {
        "DATABASE_URL": database.owner_database_url,
        "CRM_URL": crm.url, "CRM_NAME": "moved", "CRM_TOKEN": TOKEN, "CRM_SECONDS": "1", "CRM_CONNECTIONS": "4",
        "REPLICATION_SOURCES": "cdr", "REPLICATION_NUMBERS": "caracas", "CDR_UNANSWERED": "whole", "CDR_ZONE": ZONE.key,
        "CDR_URL": f"mysql://{asterisk.user}:{asterisk.password}@{asterisk.host}:{asterisk.port}/asterisk",
    }  # fmt: skip
    admin = [sys.executable, "-m", "chalicelib.admin", "replication"]

    for count in (1, 20):
        killed_after([*admin, "adopt", "--from", "perl"], crm.asked.total, count, **environment)
        free(database)
    run_admin(environment, "replication", "adopt", "--from", "perl")
    killed_after([*admin, "run", "--full"], crm.asked.total, 5, **environment)
    free(database)
    for _ in range(3):
        run_admin(environment, "replication", "run", "--full")
    last = run_admin(environment, "replication", "run", "--full")

    assert "rejected 0, undelivered 0" in last.stdout, last.stdout + last.stderr
    # The script's own window has the later calls only if the adoption read them before they were sent.
    later = {key for call in LATER for key in (call.key, call.local_key)}
    assert Counter(key for key in crm.keys if key not in later) == Counter(call.local_key for call in CALLS)
    assert len(crm.effects) == len(CALLS) + len(LATER)
    told = run(database.owner_database_url, LEDGER)
    assert {row[:3] for row in told} == set(crm.keys)
    assert {row[3] for row in told} == {"delivered"}
    seconds = {row[:3]: row[4] for row in told}
    assert {call.local_key: call.seconds for call in CALLS}.items() <= seconds.items()


STORED = """
SELECT to_char(initiated AT TIME ZONE 'UTC' AT TIME ZONE %s, 'YYYY-MM-DD"T"HH24:MI:SS'), source, destination, duration
FROM ledger.phonecalls
"""
LEDGER = """
SELECT to_char(coalesce((sent_as ->> 'initiated')::timestamp, initiated), 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    coalesce(sent_as ->> 'source', source), coalesce(sent_as ->> 'destination', destination), state, duration
FROM ledger.replication WHERE target = 'moved'
"""


def faults(_call: dict[str, str], attempt: int) -> str:
    """Lose the first answer of some calls, and fail, hang up or take long for others."""
    reactions = ("ok", "drop_after", "status 500", "status_after 502", "drop", "slow 0.3", "cut")
    return reactions[int(_call["source"]) % len(reactions)] if attempt == 0 else "ok"


def free(database: Settings) -> None:
    """Let the claims of a dead process expire."""
    run(database.owner_database_url, "UPDATE ledger.replication SET claimed_until = now() WHERE claimed_until > now()")
    run(database.owner_database_url, "UPDATE ledger.replication_runs SET alive_until = now() WHERE alive_until > now()")
