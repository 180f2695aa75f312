"""The order, the copies and the precision of channel events do not change what follows from them."""

from __future__ import annotations

from random import Random

import pytest

from chalicelib import providers
from chalicelib.ledger import joining
from tests.asterisk.records import timeline
from tests.asterisk.timelines import TIMELINES
from tests.asterisk.understanding import events, rows, understood


@pytest.mark.parametrize("name", TIMELINES)
def test_order_and_copies_do_not_matter(name: str) -> None:
    """Any order, and any record twice, gives the same records."""
    known = events(timeline(TIMELINES[name]))
    head = min((event.call for event in known), key=joining.age)
    named = [event._replace(call_id=head.id) for event in known]
    expected = providers.correlate(named)
    random = Random(name)
    for _ in range(20):
        shuffled = [*named, *random.sample(named, 5)]
        random.shuffle(shuffled)

        assert providers.correlate(shuffled) == expected


@pytest.mark.parametrize("name", TIMELINES)
def test_whole_seconds(name: str) -> None:
    """A PBX that logs whole seconds gives the same talks."""
    records = timeline(TIMELINES[name])
    for record in records:
        record["eventtime"] = record["eventtime"][:19]
    known = events(records)
    head = min((event.call for event in known), key=joining.age)
    coarse = providers.correlate(event._replace(call_id=head.id) for event in known)
    fine = understood(TIMELINES[name])

    assert [(talk["anumber"], talk.get("bnumber")) for talk in rows(coarse, "calls.success")] == [
        (talk["anumber"], talk.get("bnumber")) for talk in rows(fine, "calls.success")
    ]
