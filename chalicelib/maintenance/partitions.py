"""The months of `ledger.events`: made ahead, and dropped whole when retention is over."""

from __future__ import annotations

from datetime import datetime

from chalicelib.platform.postgres import Connection

MONTHS_AHEAD = 2

_KNOWN = """
SELECT relname FROM pg_catalog.pg_inherits JOIN pg_catalog.pg_class ON pg_class.oid = inhrelid
WHERE inhparent = 'ledger.events'::regclass AND relname ~ '^events_[0-9]{4}_[0-9]{2}$' ORDER BY relname
"""

_STRAYED = "SELECT DISTINCT date_trunc('month', accepted_at) FROM ledger.events_rest ORDER BY 1"

# Events of the month may lie in the rest already: they move, and nothing comes in meanwhile.
_LOCK = "LOCK TABLE ledger.events IN ACCESS EXCLUSIVE MODE"
_CREATE = "CREATE TABLE ledger.{name} (LIKE ledger.events)"
_MOVE = """
WITH moved AS (DELETE FROM ledger.events_rest WHERE accepted_at >= %s AND accepted_at < %s RETURNING *)
INSERT INTO ledger.{name} SELECT * FROM moved
"""
_ATTACH = "ALTER TABLE ledger.events ATTACH PARTITION ledger.{name} FOR VALUES FROM (%s) TO (%s)"

# In the order in which batches lock calls. A call without some of its events must not be worked out again.
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
    """Make the months from that of `now` on, and those of events that have none yet; answers the new ones' names."""
    known = {name for (name,) in owner.execute(_KNOWN)}
    wanted = {_month(now, distance) for distance in range(MONTHS_AHEAD + 1)}
    wanted |= {month for (month,) in owner.execute(_STRAYED)}
    missing = [month for month in sorted(wanted) if _name(month) not in known]
    for month in missing:
        _make(owner, month)
    return [_name(month) for month in missing]


def retire(owner: Connection, now: datetime, months: int) -> list[str]:
    """Drop what was accepted before the last `months` whole months; answers the names of what is gone.

    Calls that lose events by it are frozen first: their rows stay as they are for good.
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
    """The first of the month that is `distance` months from that of `moment`."""
    count = moment.year * 12 + moment.month - 1 + distance
    return datetime(count // 12, count % 12 + 1, 1)  # noqa: DTZ001 - UTC, as everywhere in the ledger


def _name(month: datetime) -> str:
    return f"events_{month:%Y_%m}"
