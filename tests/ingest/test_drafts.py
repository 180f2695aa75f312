"""Drafts: calls of a batch are understood before their stored events are read, and again where those differ."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from chalicelib import providers
from chalicelib.calls.events import CallKey, Event, Source
from chalicelib.calls.records import SUCCESS
from chalicelib.envelope import reading
from chalicelib.ledger.drafts import Drafts
from chalicelib.ledger.intake import Item
from tests.ingest.telephony import CLIENT, Ledger, Webhook, answered, copies

CALL = CallKey("telphin", CLIENT, "A")


def _items(webhooks: Sequence[Webhook]) -> list[Item]:
    source = Source(1, "telphin", CLIENT, f"{CLIENT}*106")
    messages = [reading.read(webhook({"106": 1})) for webhook in webhooks]
    return [Item(message, CALL, tuple(providers.parse(message.raw, source))) for message in messages]


def _events(items: Sequence[Item]) -> list[Event]:
    return [event for item in items for event in item.events]


def test_a_call_that_is_new() -> None:
    """The draft is final, in whatever order the batch has the webhooks."""
    items = _items(answered("A", 10))
    drafts = Drafts(reversed(items))
    drafts.work_out()

    result = drafts.final(CALL, _events(items))

    assert result is not None
    assert len(result.rows[SUCCESS]) == 1


@pytest.mark.parametrize(("in_batch", "in_ledger"), [(2, 3), (3, 2), (3, 0)], ids=["more", "fewer", "none"])
def test_a_call_with_other_events(in_batch: int, in_ledger: int) -> None:
    """No draft is final where the ledger has more or fewer events of the call than the batch."""
    items = _items(answered("A", 10))
    drafts = Drafts(items[:in_batch])
    drafts.work_out()

    assert drafts.final(CALL, _events(items[:in_ledger])) is None


def test_a_call_that_goes_on() -> None:
    """A batch without the beginning of a call has no draft of it: earlier events are stored, most likely."""
    items = _items(answered("A", 10))[1:]
    drafts = Drafts(items)
    drafts.work_out()

    assert drafts.final(CALL, _events(items)) is None


def test_a_message_twice_in_a_batch(ledger: Ledger) -> None:
    """SQS may deliver a message twice in one batch; the call is the one of a single delivery."""
    webhooks = answered("A", 10)
    ledger.take([*webhooks, *webhooks, *copies(webhooks)])

    assert ledger.column("SELECT duration FROM calls.success") == [55]
