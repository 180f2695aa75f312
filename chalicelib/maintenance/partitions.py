"""Monthly partitions of `ledger.events`: created ahead, and dropped whole after the retention period."""

from __future__ import annotations

from datetime import datetime

from chalicelib.platform.postgres import Connection

MONTHS_AHEAD = 2

_KNOWN = """
SELECT relname FROM pg_catalog.pg_inherits JOIN pg_catalog.pg_class ON pg_class.oid = inhrelid
WHERE inhparent = 'ledger.events'::regclass AND relname ~ '^events_[0-9]{4}_[0-9]{2}$' ORDER BY relname
"""

_STRAYED = "SELECT DISTINCT date_trunc('month', accepted_at) FROM ledger.events_rest ORDER BY 1"

# Events of the month may be in events_rest already. They move while the lock keeps new ones out.
_LOCK = "LOCK TABLE ledger.events IN ACCESS EXCLUSIVE MODE"
_CREATE = "CREATE TABLE ledger.{name} (LIKE ledger.events)"
_MOVE = """
WITH moved AS (DELETE FROM ledger.events_rest WHERE accepted_at >= %s AND accepted_at < %s RETURNING *)
INSERT INTO ledger.{name} SELECT * FROM moved
"""
_ATTACH = "ALTER TABLE ledger.events ATTACH PARTITION ledger.{name} FOR VALUES FROM (%s) TO (%s)"

# In the order in which batches lock calls. A call without some of its events must not be correlated again.
_FREEZE = """
UPDATE ledger.calls SET frozen = true, open = false, live = NULL
WHERE (provider, client, id) IN (
    SELECT provider, client, id FROM ledger.calls WHERE first_accepted_at < %s AND NOT frozen
    ORDER BY provider, client, id LIMIT 1000 FOR UPDATE
)
RETURNING 1
"""
_CLEAR_REST = "DELETE FROM ledger.events_rest WHERE accepted_at < %s"
_DROP = "DROP TABLE ledger.{name}"


def prepare(owner: Connection, now: datetime) -> list[str]:
    """Create the partitions of this and the next months, and those of events in events_rest. Return the new names."""
    known = {name for (name,) in owner.execute(_KNOWN)}
    months = {_month(now, distance) for distance in range(MONTHS_AHEAD + 1)}
    months |= {month for (month,) in owner.execute(_STRAYED)}
    missing = [month for month in sorted(months) if _name(month) not in known]
    for month in missing:
        _make(owner, month)
    return [_name(month) for month in missing]


def retire(owner: Connection, now: datetime, months: int) -> list[str]:
    """Drop events accepted before the last `months` whole months, and return the names of the dropped partitions.

    Calls that lose events are frozen first: their rows never change again.
    """
    floor = _month(now, -months)
    while owner.execute(_FREEZE, [floor]):
        pass
    owner.execute(_CLEAR_REST, [floor])
    old = [name for (name,) in owner.execute(_KNOWN) if name < _name(floor)]
    for name in old:
        owner.execute(_DROP.replace("{name}", name))
    return old


def _make(owner: Connection, month: datetime) -> None:
    name, bounds = _name(month), [month, _month(month, 1)]
    with owner.transaction():
        owner.execute(_LOCK)
        owner.execute(_CREATE.replace("{name}", name))
        owner.execute(_MOVE.replace("{name}", name), bounds)
        owner.execute(_ATTACH.replace("{name}", name), bounds)


def _month(moment: datetime, distance: int) -> datetime:
    """Return the first day of the month that is `distance` months after the month of `moment`."""
    count = moment.year * 12 + moment.month - 1 + distance
    return datetime(count // 12, count % 12 + 1, 1)  # noqa: DTZ001 - naive UTC


def _name(month: datetime) -> str:
    return f"events_{month:%Y_%m}"
