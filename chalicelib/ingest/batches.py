"""A batch of queued webhooks: together if possible, else one by one, so that a bad one harms no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.envelope import reading
from chalicelib.errors import Unavailable
from chalicelib.ledger import faults, quarantine, store
from chalicelib.ledger.store import Fetch
from chalicelib.platform.postgres import Connection

#: After so many receives SQS itself moves a message to the dead letters (the queue's maxReceiveCount).
LAST_RECEIVE = 5


@dataclass(frozen=True)
class Delivery:
    """One message of a batch: SQS's id of it, its text, and how often it was received so far."""

    id: str
    text: str
    receives: int


Report = Callable[[Delivery, Exception], None]


def take(
    writer: Connection, deliveries: Sequence[Delivery], report: Report, fetch: Fetch = lambda _: None
) -> list[str]:
    """Take `deliveries` and answer the ids of those that must come again; `report` hears of each that failed.

    With a database that is away that is all of them. One that fails by itself comes again until its last try, and
    is set aside with the reason then.
    """
    try:
        store.take(writer, [reading.read(delivery.text) for delivery in deliveries], fetch)
    except Unavailable:
        return [delivery.id for delivery in deliveries]
    except Exception as error:  # noqa: BLE001 - the border: whatever it is, the batch's other messages go on
        if len(deliveries) == 1:
            return _failed(writer, deliveries[0], error, report)
    else:
        return []
    return [name for delivery in deliveries for name in take(writer, [delivery], report, fetch)]


def _failed(writer: Connection, delivery: Delivery, error: Exception, report: Report) -> list[str]:
    report(delivery, error)
    if delivery.receives < LAST_RECEIVE or faults.may_pass(error):
        return [delivery.id]
    try:
        quarantine.set_aside(writer, delivery.id, delivery.text, faults.reason(error))
    except Unavailable:
        return [delivery.id]
    return []
