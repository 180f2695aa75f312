"""Monthly partitions of `ledger.events`: created ahead, and retired whole after the retention period."""

from __future__ import annotations

from datetime import datetime

from chalicelib.archive import retirement
from chalicelib.archive.retirement import EVENTS
from chalicelib.maintenance.calendar import month_after
from chalicelib.platform import schema_changes
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


def prepare(owner: Connection, now: datetime) -> list[str]:
    """Create the partitions of this and the next months, and those of events in events_rest. Return the new names.

    A partition whose tables are in use is left to the next run.
    """
    known = {name for (name,) in owner.execute(_KNOWN)}
    months = {month_after(now, distance) for distance in range(MONTHS_AHEAD + 1)}
    months |= {month for (month,) in owner.execute(_STRAYED)}
    missing = [month for month in sorted(months) if _name(month) not in known]
    return [_name(month) for month in missing if _make(owner, month)]


def retire(owner: Connection, now: datetime, months: int, *, archived: bool = False) -> list[str]:
    """Drop events accepted before the last `months` whole months, and return the names of the dropped partitions.

    With `archived`, only those that the archive has. Calls that lose events are frozen first: their rows never change
    again.
    """
    floor = month_after(now, -months)
    while owner.execute(_FREEZE, [floor]):
        pass
    if not archived:
        owner.execute(_CLEAR_REST, [floor])
    return [f"events_{month}" for month in retirement.retire(owner, EVENTS, floor, now, archived=archived)]


def _make(owner: Connection, month: datetime) -> bool:
    name, bounds = _name(month), [month, month_after(month, 1)]

    def change() -> None:
        owner.execute(_CREATE.replace("{name}", name))
        owner.execute(_LOCK)
        owner.execute(_MOVE.replace("{name}", name), bounds)
        owner.execute(_ATTACH.replace("{name}", name), bounds)

    return schema_changes.attempt(owner, f"making {name}", change)


def _name(month: datetime) -> str:
    return f"events_{month:%Y_%m}"
