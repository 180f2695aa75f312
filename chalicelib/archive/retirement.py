"""Retires months whose retention is over: closed for changes, read by the archive, dropped from the database.

Every step is a transaction of its own, and the next run of the maintenance goes on where the last one stopped. A month
is dropped only in the state that the archive has read: any change of a closed month brings it back to `closed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from chalicelib.platform import schema_changes
from chalicelib.platform.postgres import Connection

CALLS, EVENTS = "calls", "events"
KINDS = (CALLS, EVENTS)
CALLS_AT_ONCE = 1_000

#: Each kind with the query for its months that have partitions.
_MONTHS = {
    CALLS: "SELECT name AS month FROM ledger.months",
    EVENTS: """
        SELECT substr(relname, 8) AS month
        FROM pg_catalog.pg_inherits JOIN pg_catalog.pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'ledger.events'::regclass AND relname ~ '^events_[0-9]{4}_[0-9]{2}$'
    """,
}
# A month of calls that was dropped stays in ledger.months. One of raw events comes back when old events are taken.
_DUE = """
SELECT existing.month FROM ({months}) AS existing
LEFT JOIN ledger.retirements ON retirements.kind = %s AND retirements.month = existing.month
WHERE existing.month < %s AND (
    state IS NULL OR kind = 'events' AND state = 'retired' OR state = 'restored' AND kept_until <= %s
)
ORDER BY existing.month
"""
_CLOSE = "SELECT ledger.close_month(%s, %s)"
_UNFROZEN = "SELECT month FROM ledger.retirements WHERE kind = 'calls' AND state = 'closed' AND NOT frozen"
# No record gets rows in a closed month any more, so that one pass finds all calls. They are locked in the order in
# which batches lock them.
_PAGE = """
SELECT DISTINCT provider, client, call_id FROM ledger.records
WHERE months && %s::text[] AND (provider, client, call_id) > (%s, %s, %s)
ORDER BY provider, client, call_id LIMIT %s
"""
_FREEZE = """
UPDATE ledger.calls SET frozen = true, open = false, live = NULL
WHERE (provider, client, id) IN (
    SELECT provider, client, id FROM ledger.calls
    WHERE (provider, client, id) IN (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[])) AND NOT frozen
    ORDER BY provider, client, id FOR UPDATE
)
"""
_FROZEN = "UPDATE ledger.retirements SET frozen = true WHERE kind = 'calls' AND month = ANY (%s::text[])"
_READY = """
SELECT month, state FROM ledger.retirements
WHERE kind = %s AND month < %s AND (frozen OR kind = 'events')
    AND (state = 'archived' AND NOT changed OR state = 'closed' AND NOT %s)
ORDER BY month
"""
_DROP = "SELECT ledger.drop_month(%s, %s, %s)"
_FIGURES = "SELECT ledger.make_call_figures(%s::date)"
_WAITING = "SELECT count(*) FROM ledger.retirements WHERE state = 'closed' OR state = 'archived' AND changed"


def retire(owner: Connection, kind: str, floor: datetime, now: datetime, *, archived: bool) -> list[str]:
    """Retire the months of `kind` before that of `floor`, and return those that were dropped, as `2024_01`.

    With `archived`, only months that the archive has are dropped; the others are closed and wait for it. A month whose
    tables are in use is left to the next run. Times are naive UTC.
    """
    before = f"{floor:%Y_%m}"
    for (month,) in owner.execute(_DUE.replace("{months}", _MONTHS[kind]), [kind, before, now]):
        _attempt(owner, f"closing {kind} of {month}", _CLOSE, [kind, month])
    if kind == CALLS:
        _freeze(owner)
    ready = owner.execute(_READY, [kind, before, archived])
    return [month for month, state in ready if _drop(owner, kind, month, state)]


def waiting(owner: Connection) -> int:
    """Return how many months are closed and wait for the archive."""
    return int(owner.execute(_WAITING)[0][0])


def _freeze(owner: Connection) -> None:
    """Freeze the calls that have rows in closed months: their rows never change again."""
    months = [month for (month,) in owner.execute(_UNFROZEN)]
    if not months:
        return
    last = ["", "", ""]
    while calls := owner.execute(_PAGE, [months, *last, CALLS_AT_ONCE]):
        owner.execute(_FREEZE, [list(column) for column in zip(*calls, strict=True)])
        last = list(calls[-1])
    owner.execute(_FROZEN, [months])


def _drop(owner: Connection, kind: str, month: str, state: str) -> bool:
    dropped = _attempt(owner, f"dropping {kind} of {month}", _DROP, [kind, month, state])
    if dropped and kind == CALLS:
        for day in days(month):
            owner.execute(_FIGURES, [day])
    return dropped


def days(month: str) -> Iterator[datetime]:
    """Return the days of a month."""
    first = day = datetime.strptime(month, "%Y_%m")  # noqa: DTZ007 - naive UTC
    while day.month == first.month:
        yield day
        day += timedelta(days=1)


def _attempt(owner: Connection, title: str, statement: str, parameters: list[str]) -> bool:
    """Run a statement that changes tables; return False when they are in use, or when it returned false."""
    answers: list[bool] = []
    done = schema_changes.attempt(owner, title, lambda: answers.append(owner.execute(statement, parameters)[0][0]))
    return done and answers[-1] is not False
