"""The rate of replication at a CRM's latency, and the cost of a full run when everything is delivered already."""

from __future__ import annotations

import http.client
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from chalicelib.platform.postgres import Connection
from chalicelib.replication import replicate
from chalicelib.replication.replicate import RunContext
from chalicelib.replication.runs import Run
from chalicelib.settings import Settings
from infra.bench.report import Figure, say
from infra.bench.testbed import ROOT, Testbed

MILLISECONDS = 20
ONE_BY_ONE = 1_000
CALLS = 20_000
DELIVERED = 1_000_000
SAMPLE_SECONDS = 0.05
NOON = "2026-11-20T12:00:00Z"

# A number of outgoing calls, a few seconds apart; the last one ended an hour ago.
FILL = """
INSERT INTO calls.success (
    inviteid, invitedt, dial_dt, start_dt, stop_dt, anumber, bnumber, aouter, bouter, duration, isrec
)
SELECT md5(n::text)::uuid, at, at, at, at, '101', '7495' || lpad((n %% 10000000)::text, 7, '0'), false, true,
    n %% 300, false
FROM (
    SELECT n, %s::timestamp - n * interval '5 seconds' AS at FROM generate_series(1, %s) AS n
) AS numbered
"""
EMPTY = "TRUNCATE calls.success, ledger.replication, ledger.replication_runs, ledger.replication_cursors"
DELIVER = """
INSERT INTO ledger.replication (target, initiated, source, destination, duration, url, origin, reference, state)
SELECT 'bench', date_trunc('second', dial_dt), anumber, bnumber, duration, '', 'calls', inviteid, 'delivered'
FROM calls.success ORDER BY dial_dt
"""


def lines(place: Testbed) -> Iterator[Figure]:
    """Measure calls a second next to a client that sends one after the other over one kept connection."""
    owner = Connection(place.owner_url)
    now = datetime.now(UTC).replace(tzinfo=None)
    with _slow_crm() as port:
        settings = Settings(
            writer_database_url=place.role_url("writer"),
            crm_url=f"http://127.0.0.1:{port}",
            crm_name="bench",
            crm_token="token",  # noqa: S106 - opens nothing
        )
        # One half before and one after, so that other load on the machine affects both alike.
        seconds = _one_by_one(port, ONE_BY_ONE // 2)
        _fill(owner, CALLS, now)
        first = _full(settings, now)
        alone = ONE_BY_ONE / (seconds + _one_by_one(port, ONE_BY_ONE // 2))
        yield Figure(f"one at a time, {MILLISECONDS} ms each, {ONE_BY_ONE:,} calls", f"{alone:,.0f} a second")
        rate = first.counts["delivered"] / first.seconds
        what = f"a first full run of {CALLS:,} calls, {settings.crm_connections} connections"
        yield Figure(what, f"{rate:,.0f} a second", "one at a time", rate / alone, at_least=10)
        yield from _delivered(owner, settings, now)
    owner.execute(EMPTY)


def _delivered(owner: Connection, settings: Settings, now: datetime) -> Iterator[Figure]:
    say(f"  filling in {DELIVERED:,} calls that are delivered already …\n")
    _fill(owner, DELIVERED, now)
    owner.execute(DELIVER)
    owner.execute("VACUUM ANALYZE ledger.replication")
    before = _resident()
    with _peak() as peak:
        again = _full(settings, now)
    assert again.counts["existing"] == DELIVERED  # noqa: S101 - checks that the measurement is the intended one
    yield Figure("a full run over them, nothing to send", f"{again.counts['read'] / again.seconds:,.0f} rows/s")
    added = f"{(max(peak) - before) / 1_000_000:.1f} MB"
    yield Figure("memory that it added", added, "the process before", max(peak) / before, at_most=1.25)


def _full(settings: Settings, now: datetime) -> Run:
    context = RunContext(Connection(settings.writer_database_url), settings)
    return replicate.start(context, replicate.plan(context, "full", "calls", now))


def _fill(owner: Connection, count: int, now: datetime) -> None:
    owner.execute(EMPTY)
    owner.execute(FILL, [now - timedelta(hours=1), count])
    owner.execute("VACUUM ANALYZE calls.success")


def _one_by_one(port: int, count: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    began = time.perf_counter()
    for number in range(count):
        call = {"token": "token", "initiated": NOON, "source": "101", "destination": f"7495{number:07}", "duration": 45}
        connection.request("GET", f"/direct/items/phonecalls/create?{urlencode(call)}")
        connection.getresponse().read()
    return time.perf_counter() - began


@contextmanager
def _slow_crm() -> Iterator[int]:
    command = [sys.executable, "-m", "infra.bench.slow_crm", str(MILLISECONDS)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout  # noqa: S101, PT018 - for the type checker
        yield int(process.stdout.readline())
        process.stdin.close()


@contextmanager
def _peak() -> Iterator[list[int]]:
    sizes, over = [_resident()], threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLE_SECONDS):
            sizes.append(_resident())

    thread = threading.Thread(target=sample)
    thread.start()
    yield sizes
    over.set()
    thread.join()


def _resident() -> int:
    """Return the memory of this process in bytes."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - the kernel, not a file
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
