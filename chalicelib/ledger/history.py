"""Histories of extensions and agents: rows that one event proves, written once and never taken back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

from chalicelib.calls.presence import AGENTS, EXTENSIONS
from chalicelib.calls.records import Row, Table, Value
from chalicelib.ledger.rows import as_json, by_relation, columns
from chalicelib.platform.postgres import Connection

# A row that was there already is locked and not written.
_LOCK = """
INSERT INTO ledger.presence (kind, name)
SELECT %s::text, name FROM unnest(%s::text[]) AS given (name) ORDER BY name
ON CONFLICT (kind, name) DO UPDATE SET state = presence.state WHERE false
"""

# Added by a later statement than the lock, if by the same turn: it sees what others have committed before the lock.
# Here and below a name and a time are compared as a pair, which only the index of both can answer: that of times
# alone, which the planner likes for recent ones, leads through everybody's rows.
_ADD_STATES = """
INSERT INTO sipuserevents.sipuser_state_changed
SELECT new.* FROM json_populate_recordset(NULL::sipuserevents.sipuser_state_changed, %s::json) AS new
WHERE NOT EXISTS (
    SELECT FROM sipuserevents.sipuser_state_changed AS old
    WHERE (old.login, old.eventts) >= (new.login, new.eventts) AND (old.login, old.eventts) <= (new.login, new.eventts)
        AND old = new
)
"""

_ADD_SHIFTS = """
INSERT INTO userevents.usr_state_changed
SELECT new.* FROM json_populate_recordset(NULL::userevents.usr_state_changed, %s::json) AS new
WHERE NOT EXISTS (
    SELECT FROM userevents.usr_state_changed AS old
    WHERE (old.user_id, old.eventts) >= (new.user_id, new.eventts)
        AND (old.user_id, old.eventts) <= (new.user_id, new.eventts) AND old = new
)
"""

# From the event before the given ones to the one after them; intervals outside of that cannot have changed.
_SETTLE_STATES = """
WITH touched AS (
    SELECT * FROM unnest(%s::text[], %s::timestamp[], %s::timestamp[]) AS given (name, first, last)
),
span AS MATERIALIZED (
    SELECT name, last,
        CASE WHEN earlier.login = name THEN earlier.eventts ELSE first END AS first,
        CASE WHEN later.login = name THEN later.eventts END AS following
    FROM touched
    LEFT JOIN LATERAL (
        SELECT login, eventts FROM sipuserevents.sipuser_state_changed
        WHERE (login, eventts) < (name, first) ORDER BY login DESC, eventts DESC LIMIT 1
    ) AS earlier ON true
    LEFT JOIN LATERAL (
        SELECT login, eventts FROM sipuserevents.sipuser_state_changed
        WHERE (login, eventts) > (name, last) ORDER BY login, eventts LIMIT 1
    ) AS later ON true
),
interval AS MATERIALIZED (
    SELECT * FROM (
        SELECT name, event.state, eventts AS dt_start,
            lead(eventts, 1, following) OVER (PARTITION BY name ORDER BY eventts, event.state) AS dt_stop
        FROM span CROSS JOIN LATERAL (
            SELECT eventts, state FROM sipuserevents.sipuser_state_changed
            WHERE (login, eventts) >= (name, first) AND (login, eventts) <= (name, last) OFFSET 0
        ) AS event
    ) AS every
    WHERE dt_stop IS NOT NULL
),
known AS MATERIALIZED (
    SELECT name, old.* FROM span CROSS JOIN LATERAL (
        SELECT state, dt_start, dt_stop FROM sipusers.states
        WHERE (login, dt_start) >= (name, first) AND (login, dt_start) <= (name, last)
            AND event_name = 'sipuser_state_changed' OFFSET 0
    ) AS old
),
gone AS (
    DELETE FROM sipusers.states AS old USING (TABLE known EXCEPT TABLE interval) AS past
    WHERE old.login = past.name AND old.dt_start = past.dt_start AND event_name = 'sipuser_state_changed'
        AND (old.state, old.dt_stop) IS NOT DISTINCT FROM (past.state, past.dt_stop)
),
made AS (
    INSERT INTO sipusers.states (event_name, login, state, dt_start, dt_stop, len)
    SELECT 'sipuser_state_changed', name, state, dt_start, dt_stop, floor(extract(epoch FROM dt_stop - dt_start))
    FROM (TABLE interval EXCEPT TABLE known) AS fresh
)
UPDATE ledger.presence SET state = latest.state, since = latest.eventts
FROM touched CROSS JOIN LATERAL (
    SELECT login, state, eventts FROM sipuserevents.sipuser_state_changed
    WHERE (login, eventts) <= (touched.name, 'infinity') ORDER BY login DESC, eventts DESC, state DESC LIMIT 1
) AS latest
WHERE presence.kind = 'extension' AND presence.name = touched.name AND latest.login = touched.name
    AND (presence.state, presence.since) IS DISTINCT FROM (latest.state, latest.eventts)
"""

_SETTLE_SHIFTS = """
UPDATE ledger.presence SET state = coalesce(latest.state, ''), since = latest.eventts
FROM unnest(%s::text[], %s::timestamp[], %s::timestamp[]) AS touched (name, first, last) CROSS JOIN LATERAL (
    SELECT user_id, state, eventts FROM userevents.usr_state_changed
    WHERE (user_id, eventts) <= (touched.name, 'infinity') ORDER BY user_id DESC, eventts DESC, state DESC LIMIT 1
) AS latest
WHERE presence.kind = 'agent' AND presence.name = touched.name AND latest.user_id = touched.name
    AND (presence.state, presence.since) IS DISTINCT FROM (coalesce(latest.state, ''), latest.eventts)
"""


class _History(NamedTuple):
    """One kind of history: its table, the column that says whose row it is, and its two statements."""

    kind: str
    table: Table
    column: str
    add: str
    settle: str


# In the order in which they are locked, as calls are in the order of their keys.
_HISTORIES = (
    _History("agent", AGENTS, "user_id", _ADD_SHIFTS, _SETTLE_SHIFTS),
    _History("extension", EXTENSIONS, "login", _ADD_STATES, _SETTLE_STATES),
)


def takes(table: Table, row: Row) -> bool:
    """Whether a row is one of a history: it says whose it is, and since when."""
    return any(table == each.table and row.get(each.column) and row.get("eventts") for each in _HISTORIES)


def together(*parts: Mapping[Table, list[Row]]) -> dict[Table, list[Row]]:
    """The rows of all parts, each once."""
    found: dict[Table, dict[str, Row]] = defaultdict(dict)
    for part in parts:
        for table, rows in part.items():
            found[table] |= {as_json(sorted(row.items())): row for row in rows}
    return {table: list(rows.values()) for table, rows in found.items()}


def write(writer: Connection, changes: Mapping[Table, list[Row]]) -> None:
    """Add the rows that `changes` holds, each once, keep the intervals between them, and each one's present state.

    To be called within a transaction, after calls are locked.
    """
    rows = by_relation((table, row) for table, found in changes.items() for row in found)
    for kind, table, column, add, settle in _HISTORIES:
        found = rows.get(".".join(table))
        if found:
            times: dict[Value, list[Any]] = defaultdict(list)
            for row in found:
                times[row[column]].append(row["eventts"])
            writer.post(_LOCK, [kind, list(times)])
            writer.post(add, [as_json(found)])
            writer.post(settle, columns((name, min(known), max(known)) for name, known in times.items()))
