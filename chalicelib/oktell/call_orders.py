"""Orders that wait for an agent program: they are taken once, or withdrawn if none takes them in time."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from chalicelib import metrics
from chalicelib.platform.postgres import Connection

if TYPE_CHECKING:
    # The connectors import this module.
    from chalicelib.oktell.connectors.orders import Order

WAITING, TAKEN, DONE, FAILED, WITHDRAWN = "waiting", "taken", "done", "failed", "withdrawn"
#: The pauses between two looks at an order, in seconds: the first, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.4
STATUS_HOURS = 24

_ADD = """
INSERT INTO ledger.call_orders (id, command, integration, user_id, ordered_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s)
"""
_FIND = "SELECT outcome, reason, call_id FROM ledger.call_orders WHERE id = %s"
_TAKE = """
UPDATE ledger.call_orders SET outcome = 'taken', taken_by = %s, taken_at = now()
WHERE id = %s AND outcome = 'waiting' AND expires_at > now() RETURNING id
"""
# The call of an order that is done may still fail: the other end does not answer.
_END = """
UPDATE ledger.call_orders SET outcome = %s, reason = %s, call_id = coalesce(nullif(%s, ''), call_id), ended_at = now()
WHERE id = %s AND taken_by = %s AND outcome IN ('taken', 'done') RETURNING id
"""
_STARTED = "UPDATE ledger.started_calls SET call_id = %s WHERE id = %s AND call_id = ''"
_WITHDRAW = "UPDATE ledger.call_orders SET outcome = 'withdrawn' WHERE id = %s AND outcome = 'waiting' RETURNING id"
_WITHDRAW_EXPIRED = """
WITH expired AS (
    UPDATE ledger.call_orders SET outcome = 'withdrawn' WHERE outcome = 'waiting' AND expires_at < now() RETURNING id
)
SELECT count(*) FROM expired
"""
_FORGET = "DELETE FROM ledger.call_orders WHERE ordered_at < now() - interval '30 days'"
_STATUS = """
SELECT
    count(*) FILTER (WHERE outcome IN ('taken', 'done')), count(*) FILTER (WHERE outcome = 'failed'),
    count(*) FILTER (WHERE outcome = 'withdrawn' OR outcome = 'waiting' AND expires_at < now()),
    (array_agg(reason ORDER BY ordered_at DESC) FILTER (WHERE reason <> ''))[1]
FROM ledger.call_orders WHERE ordered_at > now() - %s * interval '1 hour'
"""

_WAITING = "SELECT count(*) FROM ledger.call_orders WHERE outcome = 'waiting' AND expires_at >= now()"
# An expired order is withdrawn, before `tidy` notes it.
_LISTING = """
SELECT id, command, integration, login, ordered_at, expires_at, outcome, taken_by, taken_at, ended_at, reason, call_id
FROM (
    SELECT call_orders.id::text, command, integration, coalesce(users.login, '') AS login, ordered_at, expires_at,
        CASE WHEN outcome = 'waiting' AND expires_at < now() THEN 'withdrawn' ELSE outcome END AS outcome, taken_by,
        taken_at, ended_at, reason, call_id
    FROM ledger.call_orders LEFT JOIN ledger.users ON users.id = user_id
) AS listed
WHERE %(outcome)s = '' OR outcome = %(outcome)s ORDER BY ordered_at DESC, id LIMIT %(limit)s
"""


class ListedOrder(NamedTuple):
    """An order in a list. `user` is the login of the person whose phone it concerns; times have a time zone."""

    id: str
    command: str
    integration: str
    user: str
    ordered_at: datetime
    expires_at: datetime
    outcome: str
    taken_by: str
    taken_at: datetime | None
    ended_at: datetime | None
    reason: str
    call_id: str


class OrderState(NamedTuple):
    """The state of an order: its outcome, the reason of a failure, and the id of the call that it started."""

    outcome: str
    reason: str
    call_id: str


class OrdersStatus(NamedTuple):
    """The orders of the last day: how many agents took, failed to carry out, and did not take.

    `failure` is the reason of the newest failure.
    """

    taken: int
    failed: int
    not_taken: int
    failure: str | None


def add(database: Connection, order: Order) -> None:
    """Store an order, which waits for an agent program."""
    times = (order.ordered_at.replace(tzinfo=UTC), order.expires_at.replace(tzinfo=UTC))
    database.execute(_ADD, [order.id, order.command, order.integration, order.person.user.id, *times])


def wait(database: Connection, identity: str, seconds: float) -> OrderState:
    """Wait until the order has ended, for at most `seconds`. Withdraw it if no agent has taken it by then.

    An order that an agent has taken and still carries out is returned as it is.
    """
    until, pause = time.monotonic() + seconds, FIRST_PAUSE
    state = _find(database, identity)
    while state.outcome in {WAITING, TAKEN} and time.monotonic() < until:
        time.sleep(min(pause, max(0.0, until - time.monotonic())))
        pause = min(LONGEST_PAUSE, pause * 2)
        state = _find(database, identity)
    if state.outcome == WAITING:
        if database.execute(_WITHDRAW, [identity]):
            metrics.publish("oktell", {"orders_not_taken": 1})
        state = _find(database, identity)
    return state


def take(database: Connection, identity: UUID, agent: str) -> bool:
    """Give the order to this agent, and return True, unless it was taken before, was withdrawn or has expired."""
    return bool(database.execute(_TAKE, [agent, str(identity)]))


def end(database: Connection, identity: UUID, agent: str, state: OrderState) -> bool:
    """Store how an order ended that this agent has taken. Return False if it has not, or if the order failed before."""
    with database.transaction():
        if not database.execute(_END, [state.outcome, state.reason, state.call_id, str(identity), agent]):
            return False
        if state.call_id:
            database.execute(_STARTED, [state.call_id, str(identity)])
    return True


def tidy(database: Connection) -> int:
    """Withdraw expired orders for which no client waited, and delete old ones. Return how many were not taken."""
    ((count,),) = database.execute(_WITHDRAW_EXPIRED)
    metrics.publish("oktell", {"orders_not_taken": count})
    database.execute(_FORGET)
    return int(count)


def status(database: Connection) -> OrdersStatus:
    """Return how the orders of the last day fared."""
    return OrdersStatus(*database.execute(_STATUS, [STATUS_HOURS])[0])


def waiting(database: Connection) -> int:
    """Return how many orders wait for an agent program."""
    return int(database.execute(_WAITING)[0][0])


def listing(database: Connection, outcome: str, limit: int) -> list[ListedOrder]:
    """Return the newest orders with this outcome, or with any when it is empty."""
    return [ListedOrder(*row) for row in database.execute(_LISTING, {"outcome": outcome, "limit": limit})]


def _find(database: Connection, identity: str) -> OrderState:
    return OrderState(*database.execute(_FIND, [identity])[0])
