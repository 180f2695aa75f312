"""The version of the tables that queries read, as an ETag: as long as it stays, the queries have the same results.

Each documented table has a counter of changes, a sequence that a trigger moves in every changing statement. The counter
moves before the change is visible, and a sequence belongs to no transaction. The rule that keeps an ETag true:

  1. The counters are read first, then the locks, then the query runs with a snapshot of its own.
  2. A writer holds its lock on the table from before it counts until after its change is visible. So a writer that is
     in the counters but not in the query's result is seen by its lock, and then there is no ETag.
  3. A writer that counts after the counters were read changes the next ETag.

Without its trigger, or without the right to read its counter, a table has no version. A replica sees neither the locks
nor the counters of its primary in time, so it has no ETags. The structure of a table, its partitions and the start of
the server are part of the version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from chalicelib.platform.postgres import Connection, DatabaseError
from chalicelib.statistics import guard, reads
from chalicelib.statistics.execution import Query
from chalicelib.statistics.reader import Counter, reader

#: A part of every ETag. Raise it when equal queries over equal rows get another answer.
_ANSWERS = "1"

# `state is not null` makes the search for locks wait for the counters. The OIDs are known, which keeps planning short.
_STATE = """
with counted as materialized (
  select pg_catalog.concat_ws(';',
    pg_catalog.pg_postmaster_start_time(),
    (select pg_catalog.string_agg(coalesce(pg_catalog.pg_sequence_last_value(c.oid), 0)::text, ',' order by c.oid)
       from pg_catalog.unnest(%(sequences)s::oid[]) c (oid)),
    (select pg_catalog.string_agg(pg_catalog.concat_ws(':', t.oid, t.relnatts), ',' order by t.oid)
       from pg_catalog.pg_class t where t.oid = any (%(tables)s::oid[])),
    (select pg_catalog.string_agg(i.inhrelid::text, ',' order by i.inhrelid)
       from pg_catalog.pg_inherits i where i.inhparent = any (%(tables)s::oid[]))) as state)
select state
  from counted
 where not pg_catalog.pg_is_in_recovery()
   and (select pg_catalog.count(*) from pg_catalog.pg_trigger g
         where g.tgrelid = any (%(tables)s::oid[]) and g.tgname = 'count_change' and g.tgenabled = 'A')
       = pg_catalog.cardinality(%(tables)s::oid[])
   and not exists (
     select 1 from pg_catalog.pg_locks l
      where l.locktype = 'relation' and l.granted and l.relation = any (%(tables)s::oid[]) and l.database = %(database)s
        and l.mode in ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        and counted.state is not null)
"""


def etag(key: bytes, queries: Iterable[Query]) -> str:
    """Return the ETag of the answer to the request `key`, which runs `queries`; an empty text where there is none.

    Call it before the queries run. Raise Refused, Unavailable, UnsafeRole.
    """
    connection, examined = reader()
    named: set[str] = set()
    for query in queries:
        read = reads.tables(guard.check(query.text, query.beginning, examined.server))
        if read is None or not read <= examined.counters.keys():
            return ""
        named |= read
    state = _state(connection, [examined.counters[table] for table in sorted(named)], examined.database)
    if not state:
        return ""
    digest = hashlib.sha256(b"\0".join([_ANSWERS.encode(), state.encode(), key]))
    return f'W/"{digest.hexdigest()[:32]}"'


def _state(connection: Connection, counters: Sequence[Counter], database: int) -> str:
    """Return the state of the counters and their tables; an empty text when it cannot be told."""
    oids = {"tables": [counter.table for counter in counters], "sequences": [counter.sequence for counter in counters]}
    try:
        rows = connection.execute(_STATE, {**oids, "database": database})
    except DatabaseError:
        # A table was made anew since the connection was opened.
        return ""
    return str(rows[0][0]) if rows else ""
