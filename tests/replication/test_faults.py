"""Failures of a CRM: no call is lost or doubled, and the summary counts everything."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from chalicelib.errors import Unavailable
from chalicelib.nimbox.client import Verdict
from chalicelib.platform.postgres import Connection
from chalicelib.replication import deliveries, replicate, runs, sources
from chalicelib.replication.deliveries import LEASE_SECONDS, Claimant
from chalicelib.replication.replicate import Progress
from chalicelib.replication.sending import SURE_SHARE
from tests.replication.crm import Crm
from tests.replication.house import HASTY, NOW, House, every

CALLS = 80

Serve = Callable[..., Crm]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use pages of fifty calls, so that few calls are several pages."""
    monkeypatch.setattr(sources, "PAGE_ROWS", 50)


def test_a_crm_that_fails_before_it_does_anything(house: House, serve: Serve) -> None:
    """Each call is created once, even if the CRM accepts duplicates."""
    house.calls(CALLS)
    faults = every((7, "status 500"), (11, "drop"), (13, "hang"), (17, "status 429 0"), (19, "status 503"))
    crm = serve(behave=faults)

    ended = house.replicate(crm, crm_seconds=0.3)

    assert ended.outcome == "done"
    assert set(crm.keys.values()) == {1}
    assert len(crm.keys) == CALLS == ended.counts["delivered"] == ended.counts["sent"]
    assert ended.counts["retried"] == crm.asked.total() - CALLS > 0
    assert ended.counts["uncertain"] == sum(1 for n in range(1, CALLS + 1) if n % 7 == 0 or n % 11 == 0 or n % 13 == 0)


def test_a_crm_whose_answers_are_lost(house: House, serve: Serve) -> None:
    """Unanswered calls are sent again and counted as uncertain. A CRM with unique calls has them once."""
    house.calls(CALLS)
    crm = serve(behave=every((7, "drop_after"), (11, "cut")), unique=True)

    ended = house.replicate(crm)

    expected = sum(1 for n in range(1, CALLS + 1) if n % 7 == 0 or n % 11 == 0)
    assert ended.counts["uncertain"] == ended.counts["retried"] == expected
    assert len(crm.effects) == CALLS == ended.counts["delivered"]


def test_answers_that_are_none(house: House, serve: Serve) -> None:
    """HTML, garbage and a wrong address leave a call pending with a quotation. Other calls continue."""
    house.calls(CALLS)
    faults = every((7, "text <html>Please log in"), (11, "text_after {}"), (13, "status 404"), (17, "reject"))
    crm = serve(behave=faults, unique=True)

    first = house.replicate(crm)

    bad = [sum(1 for n in range(1, CALLS + 1) if n % step == 0) for step in (7, 11, 13, 17)]
    overlap = sum(1 for n in range(1, CALLS + 1) if sum(n % step == 0 for step in (7, 11, 13, 17)) > 1)
    assert first.counts["undelivered"] + first.counts["rejected"] == sum(bad) - overlap
    assert first.counts["delivered"] + first.counts["undelivered"] + first.counts["rejected"] == CALLS
    assert house.reasons() == [
        "an unexpected answer, status 200: <html>Please log in",
        "an unexpected answer, status 200: {}",
        "an unexpected answer, status 404: <h1>status 404</h1>",
        '{"destination": "no se consiguió el número de destino en la base de datos"}',
    ]

    second = house.replicate(crm)
    assert second.counts["sent"] == second.counts["delivered"] == first.counts["undelivered"]
    assert second.counts["uncertain"] == len([n for n in range(1, CALLS + 1) if n % 7 == 0 or n % 11 == 0])
    assert len(crm.effects) == CALLS - first.counts["rejected"]


@pytest.mark.parametrize(
    ("reaction", "reason"),
    [
        ("hang", "the CRM does not take calls now: no answer: ReadTimeoutError"),
        ("status 500", "the CRM does not take calls now: an unexpected answer, status 500"),
        ("text <html>", "the CRM does not take calls now: an unexpected answer, status 200: <html>"),
        ("status 503 3600", "the CRM does not take calls now: an unexpected answer, status 503"),
    ],
)
def test_a_crm_that_is_away(house: House, serve: Serve, reaction: str, reason: str) -> None:
    """The run ends after a few failures. The next run delivers every call once."""
    house.calls(CALLS)
    crm = serve(behave=lambda *_: reaction)

    ended = house.replicate(crm, crm_seconds=0.1, crm_connections=4)

    assert ended.outcome.startswith(reason)
    assert 0 < ended.counts["sent"] < CALLS
    assert house.states() == {"pending": CALLS}
    well = serve()
    assert house.replicate(well).counts["delivered"] == CALLS
    assert set(well.keys.values()) == {1}


def test_a_token_that_the_crm_does_not_know(house: House, serve: Serve) -> None:
    """No call is rejected, and the run ends at once with the CRM's reason."""
    house.calls(CALLS)
    ended = house.replicate(serve(), crm_token="wrong")

    assert ended.outcome == 'the CRM does not take calls now: {"token": "desconocido"}'
    assert house.states() == {"pending": CALLS}


def test_calls_that_always_fail_do_not_stop_the_others(house: House, serve: Serve) -> None:
    """Calls with the fewest attempts go first, so that a poisonous call stops only one run."""
    house.calls(CALLS)
    crm = serve(behave=lambda call, _: "text poison" if int(call["destination"][4:]) <= 30 else "ok")

    counts = [house.replicate(crm, crm_connections=2).counts for _ in range(12)]

    assert sum(each["delivered"] for each in counts) == CALLS - 30
    assert house.states() == {"delivered": CALLS - 30, "pending": 30}


def test_runs_that_overlap(house: House, serve: Serve) -> None:
    """Four concurrent runs create each call once, at a CRM that accepts duplicates."""
    house.calls(250)
    crm = serve(latency=0.003)
    barrier = threading.Barrier(4)

    def one(_number: int) -> runs.Run:
        context = replace(house.context(crm), writer=Connection(house.settings.writer_database_url))
        barrier.wait()
        return replicate.start(context, replicate.plan(context, "full", "calls", NOW))

    with ThreadPoolExecutor(4) as threads:
        ended = list(threads.map(one, range(4)))

    # A run that ends first says which calls the others hold.
    assert {each.outcome.partition(",")[0] for each in ended} == {"done"}
    assert set(crm.keys.values()) == {1}
    assert len(crm.keys) == 250 == sum(each.counts["sent"] for each in ended)
    assert not crm.together


def test_two_runs_that_claim(house: House, serve: Serve) -> None:
    """A claimed call belongs to one run until the claim expires. After that it counts as doubtful."""
    house.calls(3)
    house.replicate(serve(behave=lambda *_: "status 404"))
    house.sql("UPDATE ledger.replication SET tried_by = NULL, attempts = 0, doubtful = false")
    number = house.sql("SELECT id FROM ledger.replication_runs")[0][0]
    first, second = (Claimant(uuid4(), number, "crm") for _ in range(2))

    rows = deliveries.claim(house.writer, first, 2)
    assert len(deliveries.claim(house.writer, second, 10)) == 1
    deliveries.renew(house.writer, first, [row.id for row in rows], lease=-1)
    taken = deliveries.claim(house.writer, second, 10)
    assert [row.doubtful for row in taken] == [True, True]

    deliveries.settle(house.writer, first, [(row, Verdict("delivered")) for row in rows])
    assert house.states() == {"pending": 3}
    deliveries.settle(house.writer, second, [(row, Verdict("delivered")) for row in taken])
    assert house.states() == {"delivered": 2, "pending": 1}
    assert runs.summary(house.writer, number).counts["uncertain"] == 2


def test_a_lambda_whose_time_runs_out(house: House, serve: Serve) -> None:
    """It stops while reading and while sending, and resumed runs deliver every call once."""
    house.calls(CALLS)
    crm = serve()
    looks = itertools.count()

    def remaining() -> float:
        # Each look at the clock finds a little less; no invocation reaches the end.
        return 61.0 - next(looks) * 0.5

    context = house.context(crm, crm_connections=1, remaining=lambda: 59.0)
    ended = replicate.start(context, replicate.plan(context, "full", "calls", NOW))
    assert (ended.outcome, ended.all_read, ended.counts["read"]) == ("", False, 50)
    turns = 0
    while not ended.outcome:
        looks = itertools.count()
        again = replicate.resume(replace(context, remaining=remaining), ended.id)
        assert again is not None
        ended, turns = again, turns + 1
        assert turns < 200

    assert turns >= 2
    assert ended.counts["delivered"] == ended.counts["sent"] == CALLS
    assert ended.counts["uncertain"] == 0
    assert set(crm.keys.values()) == {1}
    assert len(crm.keys) == CALLS


def test_a_process_that_stood_still(house: House, serve: Serve) -> None:
    """It sends nothing after its claims may have expired, and gives the reason."""
    house.calls(CALLS)
    late = 0.0

    def behave(_call: dict[str, str], _attempt: int) -> str:
        nonlocal late
        if crm.asked.total() >= 20:
            late = LEASE_SECONDS * SURE_SHARE + 1
        return "ok"

    crm = serve(behave=behave)
    timing = replace(HASTY, now=lambda: time.monotonic() + late)

    ended = house.replicate(crm, timing=timing, crm_connections=2)

    assert ended.outcome == "the claims could not be renewed in time"
    assert len(crm.effects) == ended.counts["delivered"] < 20 + 3
    assert house.replicate(crm).outcome == "done"
    assert (len(crm.keys), set(crm.keys.values())) == (CALLS, {1})


def test_a_database_that_goes_away(house: House, serve: Serve) -> None:
    """The run ends with that error. A resumed run delivers the rest after the claims expire."""
    house.calls(CALLS)
    crm = serve(unique=True, latency=0.01)
    seen: list[Progress] = []

    def tell(progress: Progress) -> None:
        seen.append(progress)
        if progress.step == "sent" and progress.done > 20:
            house.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ringledger_writer'")
            raise Unavailable("The database went away")

    context = house.context(crm, report=tell)
    with pytest.raises(Unavailable):
        replicate.start(context, replicate.plan(context, "full", "calls", NOW))
    assert replicate.resume(house.context(crm)) is None
    house.sql("UPDATE ledger.replication SET claimed_until = now()")
    house.sql("UPDATE ledger.replication_runs SET alive_until = now()")

    ended = replicate.resume(house.context(crm))

    assert ended is not None
    assert (ended.outcome, ended.counts["delivered"], len(crm.effects)) == ("done", CALLS, CALLS)
    assert house.states() == {"delivered": CALLS}


def test_a_run_that_another_has_taken_up(house: House, serve: Serve) -> None:
    """The process finds at its next page that another process holds the run, and leaves it."""
    house.calls(CALLS)
    crm = serve()

    def steal(progress: Progress) -> None:
        if progress.step == "read" and progress.done == 50:
            house.sql("UPDATE ledger.replication_runs SET holder = %s, alive_until = now()", [str(uuid4())])

    context = house.context(crm, report=steal)
    left = replicate.start(context, replicate.plan(context, "full", "calls", NOW))
    assert (left.outcome, left.counts["read"], crm.effects) == ("", 50, [])

    taken = replicate.resume(house.context(crm, timing=HASTY))
    assert taken is not None
    assert (taken.outcome, len(crm.effects)) == ("done", CALLS)
