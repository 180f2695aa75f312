"""The process of a run is killed at random points, and later processes complete its work."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess

from tests.replication.crm import Crm
from tests.replication.house import NOW, House
from tests.replication.once import go

CALLS = 400
KILLS = 10
PATIENCE_SECONDS = 60

TOLD = """
SELECT to_char(initiated, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), source, destination FROM ledger.replication
"""

Serve = Callable[..., Crm]


def test_killed_at_random_points(house: House, serve: Serve) -> None:
    """No call is lost. At a CRM that accepts duplicates, only calls counted as uncertain are double."""
    house.calls(CALLS)
    crm = serve(latency=0.01)
    settings = house.context(crm, crm_connections=4).settings
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.replication.once"])
    chance = random.Random(5)

    for _ in range(KILLS):
        process = processes.Process(target=go, args=(settings, NOW), daemon=True)
        process.start()
        # The first ones die while they read, the later ones while they send.
        live(process, lambda: read(house) + crm.asked.total(), chance.randrange(1, 40))
        time.sleep(chance.uniform(0, 0.01))
        assert process.is_alive()
        process.kill()
        buried(process, house)
    while house.states() != {"delivered": CALLS}:
        process = processes.Process(target=go, args=(settings, NOW), daemon=True)
        process.start()
        buried(process, house)
        assert process.exitcode == 0

    told = house.sql(TOLD)
    assert set(crm.keys) == set(told)
    doubled = sum(count - 1 for count in crm.keys.values())
    ((uncertain, delivered),) = house.sql("SELECT sum(uncertain), sum(delivered) FROM ledger.replication_runs")
    assert 0 < doubled <= uncertain
    assert delivered == CALLS


def live(process: BaseProcess, watch: Callable[[], int], steps: int) -> None:
    """Wait until `watch` has grown by this number of steps, or the process has ended."""
    goal, deadline = watch() + steps, time.monotonic() + PATIENCE_SECONDS
    while watch() < goal and process.is_alive():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def read(house: House) -> int:
    """Return the number of calls that all runs have read."""
    ((count,),) = house.sql("SELECT coalesce(sum(read), 0)::integer FROM ledger.replication_runs")
    return int(count)


def buried(process: BaseProcess, house: House) -> None:
    """Wait for the end of the process, and let its claims expire."""
    process.join(PATIENCE_SECONDS)
    house.sql("UPDATE ledger.replication SET claimed_until = now() WHERE claimed_until > now()")
    house.sql("UPDATE ledger.replication_runs SET alive_until = now() WHERE alive_until > now()")
