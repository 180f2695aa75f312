"""A batch of queued webhooks: taken together if possible, else one by one, so that a bad one harms no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.envelope import reading
from chalicelib.errors import Unavailable
from chalicelib.ledger import faults, quarantine, store, suspects
from chalicelib.ledger.store import CloseLater, Fetch
from chalicelib.platform.postgres import Connection

#: The number of receives after which a message that fails is set aside. The queue itself delivers it far more often,
#: since messages come back for hours while the database is away.
LAST_RECEIVE = 5
#: The number of attempts with a suspect, the first with other suspects and the rest alone.
LAST_ATTEMPT = 3
KILLER = f"the consumer ended {LAST_ATTEMPT} times while it worked on this message, without an error"


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
    aside with the reason then. So is one with which the consumer dies again and again.
    """
    usual = [delivery for delivery in deliveries if delivery.receives <= LAST_RECEIVE]
    returned = [delivery for delivery in deliveries if delivery.receives > LAST_RECEIVE]
    failed = _take(writer, usual, callbacks) if usual else []
    try:
        return failed + (_take_suspects(writer, returned, callbacks) if returned else [])
    except Unavailable:
        return failed + [delivery.id for delivery in returned]


def _take(writer: Connection, deliveries: Sequence[Delivery], callbacks: Callbacks) -> list[str]:
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
    return [name for delivery in deliveries for name in _take(writer, [delivery], callbacks)]


def _take_suspects(writer: Connection, deliveries: Sequence[Delivery], callbacks: Callbacks) -> list[str]:
    """Take messages that came back often: together at their first attempt, each alone at the next ones.

    After an outage of the database these are all messages, so the first attempt must be a quick one.
    """
    known = suspects.known(writer, [delivery.id for delivery in deliveries])
    first = [delivery for delivery in deliveries if delivery.id not in known]
    failed = _attempt(writer, first, callbacks) if first else []
    for delivery in deliveries:
        if delivery.id in known:
            failed += _attempt(writer, [delivery], callbacks)
    return failed


def _attempt(writer: Connection, group: Sequence[Delivery], callbacks: Callbacks) -> list[str]:
    """Take a group of suspects, or set a killer aside. The attempt is noted before it begins, until it ends."""
    ids = [delivery.id for delivery in group]
    attempts = suspects.note(writer, ids)
    is_killer = attempts[ids[0]] > LAST_ATTEMPT
    failed = _set_aside(writer, group[0], KILLER) if is_killer else _take(writer, group, callbacks)
    suspects.clear(writer, ids)
    return failed


def _failed(writer: Connection, delivery: Delivery, error: Exception, callbacks: Callbacks) -> list[str]:
    callbacks.report(delivery, error)
    if delivery.receives < LAST_RECEIVE or faults.may_pass(error):
        return [delivery.id]
    return _set_aside(writer, delivery, faults.reason(error))


def _set_aside(writer: Connection, delivery: Delivery, reason: str) -> list[str]:
    try:
        quarantine.set_aside(writer, delivery.id, delivery.text, reason)
    except Unavailable:
        return [delivery.id]
    return []
