"""Monthly partitions of the documented tables that grow with calls: made ahead, for older rows, and retired.

`partitions.calls_success_2026_11` has the rows of `calls.success` of one month, in UTC. All tables get the partitions
of a month together, and `ledger.months` names it. `partitions.calls_success_rest` has the rows of other months, and
those without a time, so that a row of any time is stored.
"""

from __future__ import annotations

from datetime import datetime

from chalicelib.archive import retirement
from chalicelib.archive.retirement import CALLS
from chalicelib.maintenance.calendar import month_after
from chalicelib.platform import schema_changes
from chalicelib.platform.postgres import Connection

MONTHS_AHEAD = 2
#: Months before these many, or after those made ahead, come from wrong clocks: their rows stay in the rest.
MONTHS_BACK = 120
#: Each month has 15 tables with 80 indexes. The next run makes what is left.
MONTHS_AT_ONCE = 12

_KNOWN = "SELECT name FROM ledger.months"
_IS_KNOWN = "SELECT true FROM ledger.months WHERE name = %s"
_TABLES = "SELECT prefix, key FROM ledger.partitioned_tables ORDER BY prefix"
_STRAYED = "SELECT date_trunc('month', {key}) FROM partitions.{prefix}_rest WHERE {key} >= %s AND {key} < %s"
_MAKE = "SELECT ledger.make_month(%s::date)"
# Autovacuum keeps statistics of partitions, but not of their tables, by which the planner estimates joins.
_UNANALYZED = """
SELECT name FROM ledger.partitioned_tables LEFT JOIN pg_catalog.pg_stat_all_tables ON relid = name::regclass
WHERE last_analyze IS NULL OR last_analyze < %s::timestamp AT TIME ZONE 'UTC' - interval '1 day' ORDER BY name
"""


def prepare(owner: Connection, now: datetime) -> list[str]:
    """Make the partitions of this and the next months, and of months that have rows. Return their names, as `2026_11`.

    `now` is naive UTC. A month whose tables are in use is left to the next run.
    """
    known = {name for (name,) in owner.execute(_KNOWN)}
    ahead = {month_after(now, distance) for distance in range(MONTHS_AHEAD + 1)}
    wanted = sorted(ahead) + sorted(_strayed(owner, now) - ahead, reverse=True)
    missing = [month for month in wanted if _name(month) not in known]
    return [_name(month) for month in missing[:MONTHS_AT_ONCE] if make(owner, month)]


def analyze(owner: Connection, now: datetime) -> list[str]:
    """Renew the statistics of tables with partitions that are a day old at `now`, naive UTC; return their names."""
    old = [name for (name,) in owner.execute(_UNANALYZED, [now])]
    for name in old:
        owner.execute(f"ANALYZE {name}")
    return old


def retire(owner: Connection, now: datetime, months: int, *, archived: bool = False) -> list[str]:
    """Drop the calls before the last `months` whole months, and return the names of the dropped months.

    With 0 months, calls are kept for good. With `archived`, only months that the archive has are dropped.
    """
    if not months:
        return []
    return retirement.retire(owner, CALLS, month_after(now, -months), now, archived=archived)


def _strayed(owner: Connection, now: datetime) -> set[datetime]:
    tables = owner.execute(_TABLES)
    months = " UNION ".join(_STRAYED.replace("{prefix}", prefix).replace("{key}", key) for prefix, key in tables)
    bounds = [month_after(now, -MONTHS_BACK), month_after(now, MONTHS_AHEAD + 1)]
    return {month for (month,) in owner.execute(months, bounds * len(tables))}


def make(owner: Connection, month: datetime) -> bool:
    """Make the partitions of the month that begins at `month`; return False when tables are in use."""
    if owner.execute(_IS_KNOWN, [_name(month)]):
        return True
    return schema_changes.attempt(owner, f"making month {_name(month)}", lambda: owner.execute(_MAKE, [month]))


def _name(month: datetime) -> str:
    return f"{month:%Y_%m}"
