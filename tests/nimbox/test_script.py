"""NiMbox's script, unchanged and run by Perl, with an Asterisk's table and the service."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.mariadb import CDR, MariaDb
from tests.nimbox.script import perl, rebuilt
from tests.nimbox.service import Service

pytestmark = pytest.mark.verify

SECONDS = 60
NOW = datetime.now().replace(microsecond=0)  # noqa: DTZ005 - the table holds local time
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

#: When, from where, to where, seconds, and the destination as the script tells it; nothing where it tells none.
CALLS = (
    (NOW - HOUR, "7222", "902122853348", 45, "02122853348"),
    (NOW - 2 * HOUR, "7222", "92853348", 0, "02122853348"),
    (NOW - 3 * HOUR, "+58 7223", "02122853348", 7, "02122853348"),
    (NOW - 4 * HOUR, "7224", "2853348", 7, "2853348"),
    (NOW - 5 * HOUR, "7225", "106", 7, ""),
    (NOW - 6 * HOUR, "7226", "04169999999", 7, ""),
    (NOW - 7 * HOUR, "anonymous", "02122853348", 7, ""),
)
#: Only a full run goes back so far.
OLD = (NOW - 100 * DAY, "7227", "02122853348", 9, "02122853348")


@pytest.fixture
def asterisk(mariadb: MariaDb) -> MariaDb:
    """Return a PBX's database with calls, under the name in the script."""
    mariadb.run(CDR, mariadb.new_database("asterisk"))
    rows = ", ".join(
        f"('{at}', '{source}', '{destination}', {duration}, 'SIP/{source}-0001')"
        for at, source, destination, duration, _ in (*CALLS, OLD)
    )
    mariadb.run(f"INSERT INTO cdr (calldate, src, dst, duration, channel) VALUES {rows}", "asterisk")
    return mariadb


@pytest.fixture
def script(asterisk: MariaDb, service: Service, tmp_path: Path) -> Path:
    """Return the script with this PBX's and this service's addresses."""
    path = tmp_path / "phonecalls"
    values = {
        "ASTERISK_HOST": f"{asterisk.host};port={asterisk.port}",
        "ASTERISK_USER": asterisk.user,
        "ASTERISK_PASSWORD": asterisk.password,
        "NIMBOX_HOST": urlsplit(service.url).netloc,
        "NIMBOX_DIRECT_TOKEN": service.token,
    }
    path.write_text(rebuilt(values), "utf-8")
    return path


def _run(script: Path, *words: str) -> list[str]:
    done = subprocess.run([perl(), str(script), *words], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def _stored(service: Service) -> list[tuple[object, ...]]:
    return service.rows("SELECT initiated, source, destination, duration, url FROM ledger.phonecalls ORDER BY 1 DESC")


def _expected(*calls: tuple[datetime, str, str, int, str]) -> list[tuple[object, ...]]:
    return [
        (at, source.replace(" ", ""), told, duration, f"http://192.168.128.96/recordings/SIP/{source}-0001")
        for at, source, _, duration, told in calls
        if told
    ]


def test_the_script_creates_its_calls(script: Path, service: Service) -> None:
    """Each call of a known contact is created once, with its second and url. The script prints the others."""
    lines = _run(script, "-verbose")

    assert sum(line.endswith("... OK") for line in lines) == 4
    assert sum(line.endswith("... ERROR") for line in lines) == 2
    assert _stored(service) == _expected(*CALLS)


def test_running_it_twice_changes_nothing(script: Path, service: Service) -> None:
    """A second run gets OK for each call, and no row changes."""
    everything = (
        "SELECT phonecalls.*::text, records.*::text FROM ledger.phonecalls JOIN ledger.records USING (inviteid)"
    )
    first, before = _run(script, "-verbose"), service.rows(everything)
    second = _run(script, "-verbose")

    assert [line for line in second if "... " in line] == [line for line in first if "... " in line]
    assert service.rows(everything) == before


def test_a_full_run_goes_further_back(script: Path, service: Service) -> None:
    """A full run adds only the calls that the incremental run left out."""
    _run(script)
    _run(script, "-full")
    assert _stored(service) == _expected(*CALLS, OLD)


def test_statistics_separate_answered_and_unanswered_calls(script: Path, service: Service) -> None:
    """A call without seconds is not among the answered calls."""
    _run(script)
    tables = {
        table: service.rows(
            f"SELECT count(*) FROM calls.{table} JOIN ledger.records USING (inviteid) WHERE provider = 'nimbox'"
        )[0][0]
        for table in ("success", "cancelled")
    }
    assert tables == {"success": 3, "cancelled": 1}
