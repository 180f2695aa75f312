"""Histories of extensions and agents: rows that one event proves, written once and never taken back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from chalicelib.calls.records import Records, Table
from chalicelib.ledger.rows import as_json, by_relation, columns
from chalicelib.platform.postgres import Connection

#: Of extensions and of agents. Their rows carry no call's id, so nothing tells later which of them to take back.
STATES: Table = ("sipuserevents", "sipuser_state_changed")
SHIFTS: Table = ("userevents", "usr_state_changed")
TABLES = (STATES, SHIFTS)

# A row that was there already is locked and not written.
_LOCK = """
INSERT INTO ledger.presence (kind, name)
SELECT %s, name FROM unnest(%s::text[]) AS given (name) ORDER BY name
ON CONFLICT (kind, name) DO UPDATE SET state = presence.state WHERE false;
"""

# Added by a later statement than the lock, if by the same turn: it sees what others have committed before the lock.
_ADD_STATES = """
WITH made AS (
    INSERT INTO sipuserevents.sipuser_state_changed
    SELECT DISTINCT new.* FROM jsonb_populate_recordset(NULL::sipuserevents.sipuser_state_changed, %s::jsonb) AS new
    WHERE NOT EXISTS (
        SELECT FROM sipuserevents.sipuser_state_changed AS old
        WHERE old.login = new.login AND old.eventts = new.eventts AND old = new
    )
    RETURNING login, eventts
)
SELECT login, min(eventts), max(eventts) FROM made GROUP BY login
"""

_ADD_SHIFTS = """
WITH made AS (
    INSERT INTO userevents.usr_state_changed
    SELECT DISTINCT new.* FROM jsonb_populate_recordset(NULL::userevents.usr_state_changed, %s::jsonb) AS new
    WHERE NOT EXISTS (
        SELECT FROM userevents.usr_state_changed AS old
        WHERE old.user_id = new.user_id AND old.eventts = new.eventts AND old = new
    )
    RETURNING user_id, eventts
)
SELECT user_id, min(eventts), max(eventts) FROM made GROUP BY user_id
"""

# From the event before the new ones to the one after them; intervals outside of that cannot have changed.
_SETTLE_STATES = """
WITH touched AS (
    SELECT * FROM unnest(%s::text[], %s::timestamp[], %s::timestamp[]) AS given (name, first, last)
),
span AS MATERIALIZED (
    SELECT name,
        coalesce((
            SELECT max(eventts) FROM sipuserevents.sipuser_state_changed WHERE login = name AND eventts < first
        ), first) AS first,
        last,
        (
            SELECT min(eventts) FROM sipuserevents.sipuser_state_changed WHERE login = name AND eventts > last
        ) AS following
    FROM touched
),
intervals AS (
    SELECT login, state, eventts AS dt_start,
        lead(eventts, 1, following) OVER (PARTITION BY login ORDER BY eventts, state) AS dt_stop
    FROM span JOIN sipuserevents.sipuser_state_changed ON login = name AND eventts BETWEEN first AND last
),
gone AS (
    DELETE FROM sipusers.states USING span
    WHERE login = name AND dt_start BETWEEN first AND last AND event_name = 'sipuser_state_changed'
),
made AS (
    INSERT INTO sipusers.states (event_name, login, state, dt_start, dt_stop, len)
    SELECT 'sipuser_state_changed', login, intervals.state, dt_start, dt_stop,
        floor(extract(epoch FROM dt_stop - dt_start))
    FROM intervals JOIN span ON login = name
    WHERE dt_stop IS NOT NULL AND dt_start <= last
)
UPDATE ledger.presence SET state = latest.state, since = latest.eventts
FROM touched CROSS JOIN LATERAL (
    SELECT state, eventts FROM sipuserevents.sipuser_state_changed
    WHERE login = touched.name ORDER BY eventts DESC, state DESC LIMIT 1
) AS latest
WHERE presence.kind = 'extension' AND presence.name = touched.name
"""

_SETTLE_SHIFTS = """
UPDATE ledger.presence SET state = coalesce(latest.state, ''), since = latest.eventts
FROM unnest(%s::text[], %s::timestamp[], %s::timestamp[]) AS touched (name, first, last) CROSS JOIN LATERAL (
    SELECT state, eventts FROM userevents.usr_state_changed
    WHERE user_id = touched.name ORDER BY eventts DESC, state DESC LIMIT 1
) AS latest
WHERE presence.kind = 'agent' AND presence.name = touched.name
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
    _History("agent", SHIFTS, "user_id", _ADD_SHIFTS, _SETTLE_SHIFTS),
    _History("extension", STATES, "login", _ADD_STATES, _SETTLE_STATES),
)


def write(writer: Connection, results: Iterable[Records]) -> None:
    """Add the histories' rows of `results`, keep the intervals between them, and each one's present state.

    To be called within a transaction, after calls are locked.
    """
    rows = by_relation((table, row) for records in results for table in TABLES for row in records.rows.get(table, ()))
    for kind, table, column, add, settle in _HISTORIES:
        found = rows.get(".".join(table))
        if found:
            names = list({row[column] for row in found})
            touched = writer.execute(_LOCK + add, [kind, names, as_json(found)])
            if touched:
                writer.execute(settle, columns(touched))
