"""The process of a correction is killed before each of its statements, and later processes complete its work."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from chalicelib.settings import Settings
from tests.replication.crm import Crm
from tests.replication.house import NOW, House, identity
from tests.replication.once import correct
from tests.replication.test_killed import PATIENCE_SECONDS, buried

pytestmark = pytest.mark.verify

DAY = date(2026, 11, 18)
NOON = NOW - timedelta(days=2)
LONGEST = 60


def test_killed_at_each_step(house: House, serve: Callable[..., Crm]) -> None:
    """No call is lost, doubled or reported as delivered without being there. A repetition corrects the day."""
    crm = serve(unique=True)
    settings = replace(house.context(crm).settings, crm_ours_alone=True)
    house.call("first", NOON, "74950000001")
    house.call("second", NOON + timedelta(minutes=1), "74951000000")
    house.call("next", NOON + timedelta(hours=13), "74950000003")
    house.replicate(crm, "full")
    exits: list[int | None] = []

    while 0 not in exits:
        change(house, len(exits) + 1)
        exits.append(corrected(settings, house, len(exits) + 1))
        house.replicate(crm, "full")
        house.replicate(crm, "full")
        assert_truthful(house, crm)
        numbers = {call["destination"] for call in crm.effects}
        assert {"74950000001", "74950000003"} <= numbers
        # Any version of the other one, because its number changes each time.
        assert any(number.startswith("7495100") for number in numbers)
        assert len(exits) < LONGEST

    assert set(exits[:-1]) == {-9}
    assert len(exits) > 15
    assert sorted(call["destination"][:7] for call in crm.effects) == ["7495000", "7495000", "7495100"]
    assert 1 < len(crm.deletions) < len(exits)


def change(house: House, number: int) -> None:
    """Make a call longer, and give another one a new number."""
    house.sql("UPDATE calls.success SET duration = duration + 1 WHERE inviteid = %s", [str(identity("first"))])
    values: list[object] = [f"7495100{number:04}", str(identity("second"))]
    house.sql("UPDATE calls.success SET bnumber = %s WHERE inviteid = %s", values)


def corrected(settings: Settings, house: House, last: int) -> int | None:
    """Correct the day in a process that dies before its statement `last`. Return how it ended."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.replication.once"])
    process = processes.Process(target=correct, args=(settings, DAY, NOW, last), daemon=True)
    process.start()
    buried(process, house)
    house.sql("UPDATE ledger.replication_corrections SET held_until = now() WHERE held_until > now()")
    return process.exitcode


def assert_truthful(house: House, crm: Crm) -> None:
    """Compare the ledger with the CRM: nothing waits, and what does not differ is there as it is now."""
    rows = house.sql("SELECT destination, duration::text, state, correction FROM ledger.replication")
    there = {call["destination"]: call["duration"] for call in crm.effects}
    assert len(there) == len(crm.effects)
    assert {state for _, _, state, _ in rows} <= {"delivered", "withdrawn"}
    assert {
        number: seconds for number, seconds, state, correction in rows if state == "delivered" and not correction
    }.items() <= there.items()
    assert set(there) <= {number for number, _, state, _ in rows if state == "delivered"}


def test_killed_while_the_crm_deletes(house: House, serve: Callable[..., Crm]) -> None:
    """The deletion is still at work after the process has died: nothing is sent before the hold is over."""
    crm = serve(unique=True, deletion_seconds=1.5)
    settings = replace(house.context(crm).settings, crm_ours_alone=True)
    house.call("first", NOON, "74950000001")
    house.replicate(crm, "full")
    process = multiprocessing.get_context("forkserver").Process(target=correct, args=(settings, DAY, NOW, LONGEST * 9))
    process.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not crm.deletions:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.kill()
    process.join(PATIENCE_SECONDS)
    house.sql("UPDATE ledger.replication_runs SET alive_until = now() WHERE alive_until > now()")

    asked = crm.asked.total()
    house.replicate(crm, "full")
    assert crm.asked.total() == asked
    while crm.effects:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    house.sql("UPDATE ledger.replication_corrections SET held_until = now()")
    house.replicate(crm, "full")
    assert len(crm.effects) == 1
    assert_truthful(house, crm)
