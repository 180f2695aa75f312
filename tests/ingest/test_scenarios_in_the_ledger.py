"""Every timeline of tests/scenarios in one ledger: its rows do not depend on batches, and a replay changes none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from uuid import UUID, uuid5

import pytest

from chalicelib import providers
from chalicelib.calls.events import CLOSE, CallKey, Event, Raw, Source
from chalicelib.envelope import reading
from chalicelib.ledger import store
from chalicelib.ledger.replay import replay
from tests.databases import run
from tests.ingest.telephony import CLIENT, Ledger, message
from tests.scenarios.timeline import CALL, CONFERENCE, START, Scenario, everything

NAMESPACE = UUID("0f2c4a51-6f5e-4a55-8f2e-9d9a5a3c1b7e")
BATCH = 40
SECOND_YEAR = START.replace(year=START.year + 1)

Delivery = tuple[Raw, Source]


def in_one_ledger() -> list[Scenario]:
    """Return the scenarios whose webhooks say all; a closing and a filter are made within the ledger instead."""
    return [
        scenario
        for scenario in everything()
        if not scenario.external_only
        and not any(word in line for line in scenario.lines for word in ("closed", "inner=", "agent-"))
    ]


def deliveries(scenario: Scenario, number: int) -> Iterator[Delivery]:
    """Yield the webhooks of a scenario as those of a call of its own."""
    call = f"{number:032X}"
    conference = " ".join(call[place : place + 8] for place in range(0, 32, 8))
    for place, (raw, source) in enumerate(scenario.webhooks()):
        body = raw.body.replace(CALL.encode(), call.encode())
        for written in (CONFERENCE, CONFERENCE.lower(), CONFERENCE.replace(" ", "").lower()):
            body = body.replace(written.encode(), conference.encode())
        yield replace(raw, id=str(uuid5(NAMESPACE, f"{number} {place}")), body=body), source


def events(parts: list[Delivery]) -> list[Event]:
    """Return what the webhooks of one call report."""
    return [event for raw, source in parts if raw.method != CLOSE for event in providers.parse(raw, source)]


def rows(ledger: Ledger, call: CallKey) -> dict[str, int]:
    """Return how many rows of each table the ledger holds for a call."""
    tables = ("success", "cancelled", "failed", "forks")
    union = " UNION ALL ".join(
        f"SELECT '{table}', count(*) FROM calls.{table} WHERE inviteid IN (SELECT inviteid FROM record)"
        for table in tables
    )
    counted = run(
        ledger.url,
        "WITH record AS (SELECT inviteid FROM ledger.records WHERE (provider, client, call_id) = (%s, %s, %s)) "
        + union,
        list(call),
    )
    return {str(table): int(str(count)) for table, count in counted if count}


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.verify)])
def test_all_timelines_together(ledger: Ledger, seed: int) -> None:
    """Webhooks of all calls come mixed, each batch holding parts of many calls, and some of them twice."""
    calls = [list(deliveries(scenario, number)) for number, scenario in enumerate(in_one_ledger())]
    names = {(source.provider, source.name, source.type) for parts in calls for _raw, source in parts}
    ids = {name: ledger.register(provider, name, kind) for provider, name, kind in sorted(names)}
    webhooks = [delivery for parts in calls for delivery in parts]
    random = Random(seed)
    webhooks += random.sample(webhooks, len(webhooks) // 5)
    random.shuffle(webhooks)
    texts = [
        message(ids[source.name], identity=raw.id, accepted=raw.accepted_at, provider=raw.provider, body=raw.body)
        for raw, source in webhooks
    ]
    for place in range(0, len(texts), BATCH):
        store.take(ledger.writer, [reading.read(text) for text in texts[place : place + BATCH]])

    for parts in calls:
        reported = [event._replace(client=CLIENT) for event in events(parts)]
        expected = providers.correlate(reported).rows if reported else {}
        call = reported[0].call
        counts = {table: len(part) for (schema, table), part in expected.items() if schema == "calls"}
        assert rows(ledger, call) == counts, call

    report = replay(ledger.owner, START.replace(year=2000), SECOND_YEAR, "", lambda _: None)
    assert (report.calls, dict(report.changes), report.faults) == (len(calls), {}, [])
