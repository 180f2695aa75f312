"""Every timeline of this folder, in the order of its times and in any other."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from chalicelib.calls.events import Kind, fingerprint
from chalicelib.providers import correlate
from tests.scenarios.expectation import verify
from tests.scenarios.timeline import START, Scenario, everything

SCENARIOS = everything()
by_name = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@by_name
def test_a_timeline_gives_the_expected_rows(scenario: Scenario) -> None:
    """The webhooks of a PBX become exactly the rows that its operator expects."""
    verify(scenario, correlate(scenario.events))


@by_name
def test_order_and_duplicates_do_not_matter(scenario: Scenario) -> None:
    """Any order of the events, some of them twice, gives the very same records."""
    events, expected = scenario.events, correlate(scenario.events)
    shuffle = random.Random(scenario.name).shuffle
    for _turn in range(5):
        delivered = [*events, *events[::2]]
        shuffle(delivered)

        assert correlate(delivered) == expected


@by_name
def test_closing_a_call_that_is_over_changes_nothing(scenario: Scenario) -> None:
    """Calls that nothing is awaited of are the same whether they were closed or not."""
    events = scenario.events
    expected = correlate(events)
    if expected.open:
        pytest.skip("something is awaited")
    last = events[0]
    at = START + timedelta(hours=9)
    closed = type(last)(
        *(last.provider, last.client, last.call_id, "", Kind.CLOSED, at, at, fingerprint("closing"), "c")
    )

    assert correlate([*events, closed]) == expected


def test_every_situation_is_told_once() -> None:
    """There are at least sixty scenarios, and each name is one situation."""
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) == len(set(names)) >= 60
