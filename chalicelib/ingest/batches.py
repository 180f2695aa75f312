"""A batch of queued webhooks: taken together if possible, else one by one, so that a bad one harms no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.envelope import reading
from chalicelib.errors import Unavailable
from chalicelib.ledger import faults, quarantine, store
from chalicelib.ledger.store import CloseLater, Fetch
from chalicelib.platform.postgres import Connection

#: The number of receives after which SQS moves a message to the dead letters (the queue's maxReceiveCount).
LAST_RECEIVE = 5


@dataclass(frozen=True)
class Delivery:
    """One message of a batch: its id at SQS, its text, and how often it was received so far."""

    id: str
    text: str
    receives: int


@dataclass(frozen=True)
class Callbacks:
    """Functions that a batch calls: `report` for each failed message, `fetch` and `close_later` as the store does."""

    report: Callable[[Delivery, Exception], None]
    fetch: Fetch = lambda _: None
    close_later: CloseLater = lambda _: None


def take(writer: Connection, deliveries: Sequence[Delivery], callbacks: Callbacks) -> list[str]:
    """Take `deliveries` and return the ids of those that must be delivered again.

    Without a database that is all of them. One that fails by itself is delivered again until its last try, and is set
    aside with the reason then.
    """
    try:
        messages = [reading.read(delivery.text) for delivery in deliveries]
        store.take(writer, messages, callbacks.fetch, callbacks.close_later)
    except Unavailable:
        return [delivery.id for delivery in deliveries]
    except Exception as error:  # noqa: BLE001 - whatever fails, the other messages of the batch go on
        if len(deliveries) == 1:
            return _failed(writer, deliveries[0], error, callbacks)
    else:
        return []
    return [name for delivery in deliveries for name in take(writer, [delivery], callbacks)]


def _failed(writer: Connection, delivery: Delivery, error: Exception, callbacks: Callbacks) -> list[str]:
    callbacks.report(delivery, error)
    if delivery.receives < LAST_RECEIVE or faults.may_pass(error):
        return [delivery.id]
    try:
        quarantine.set_aside(writer, delivery.id, delivery.text, faults.reason(error))
    except Unavailable:
        return [delivery.id]
    return []
