"""Changes of users' states on their way to the PBX: those of one user are sent in the order of acceptance.

Whoever saves a change sends the changes of that user, the oldest first. If another request does so, it sends them all.
No lock is held while a PBX is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from chalicelib.platform.postgres import Connection

#: A claim is longer than a connector may take. That of a process that died ends by itself.
LEASE_SECONDS = 60
#: A change that waited so long is not sent: the state may have been changed elsewhere since.
STALE_SECONDS = 60

_ADD = "INSERT INTO ledger.state_orders (user_id, integration, parameters) VALUES (%s, %s, %s)"
# Without SKIP LOCKED: while another request claims the first change, the second one is not the first.
_CLAIM = """
UPDATE ledger.state_orders SET claimed_until = now() + %s * interval '1 second'
WHERE id = (SELECT id FROM ledger.state_orders WHERE user_id = %s ORDER BY id LIMIT 1 FOR UPDATE)
    AND (claimed_until IS NULL OR claimed_until < now())
RETURNING id, integration, parameters, ordered_at < now() - %s * interval '1 second'
"""
_REMOVE = "DELETE FROM ledger.state_orders WHERE id = %s"


class AcceptedChange(NamedTuple):
    """A change to send: who asked for it, and the valid parameters. It is stale if it waited too long."""

    id: int
    integration: str
    parameters: Mapping[str, str]
    is_stale: bool


def add(database: Connection, user: str, integration: str, parameters: Mapping[str, str]) -> None:
    """Store a change in the transaction that saves it, which holds the user's row: that makes the order."""
    database.execute(_ADD, [user, integration, json.dumps(parameters)])


def send_all(
    database: Connection, user: str, send: Callable[[AcceptedChange], None], seconds: Callable[[], float]
) -> None:
    """Send the changes of a user in their order, until none is left, another request sends them, or time is over."""
    while seconds() > 0 and (rows := database.execute(_CLAIM, [LEASE_SECONDS, user, STALE_SECONDS])):
        change = AcceptedChange(*rows[0])
        with _removed(database, change):
            send(change)


@contextmanager
def _removed(database: Connection, change: AcceptedChange) -> Iterator[None]:
    """Remove a change after it was sent, also if that failed: the PBX may have it."""
    try:
        yield
    finally:
        database.execute(_REMOVE, [change.id])
