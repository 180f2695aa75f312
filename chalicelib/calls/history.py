"""Histories of extensions and agents: rows that one event proves, written once and never taken back."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.calls.records import Records, Table
from chalicelib.calls.rows import as_json, by_relation, columns
from chalicelib.platform.postgres import Connection

#: Of extensions and of agents. Their rows carry no call's id, so nothing tells later which of them to take back.
TABLES: tuple[Table, Table] = (("sipuserevents", "sipuser_state_changed"), ("userevents", "usr_state_changed"))

# Both in one table and in one order, as calls are; a row that was there already is locked and not written.
_LOCK = """
INSERT INTO ledger.presence (kind, name)
SELECT DISTINCT * FROM unnest(%s::text[], %s::text[]) AS given (kind, name) ORDER BY kind, name
ON CONFLICT (kind, name) DO UPDATE SET state = presence.state WHERE false
"""

_WRITE = """
WITH subscribers AS (
    INSERT INTO sipuserevents.sipuser_state_changed
    SELECT DISTINCT new.* FROM jsonb_populate_recordset(NULL::sipuserevents.sipuser_state_changed, %s::jsonb) AS new
    WHERE NOT EXISTS (
        SELECT FROM sipuserevents.sipuser_state_changed AS old
        WHERE old.login = new.login AND old.eventts = new.eventts AND old = new
    )
    RETURNING login, eventts
),
agents AS (
    INSERT INTO userevents.usr_state_changed
    SELECT DISTINCT new.* FROM jsonb_populate_recordset(NULL::userevents.usr_state_changed, %s::jsonb) AS new
    WHERE NOT EXISTS (
        SELECT FROM userevents.usr_state_changed AS old
        WHERE old.user_id = new.user_id AND old.eventts = new.eventts AND old = new
    )
    RETURNING user_id, eventts
)
SELECT 'extension', login, min(eventts), max(eventts) FROM subscribers GROUP BY login
UNION ALL
SELECT 'agent', user_id, min(eventts), max(eventts) FROM agents GROUP BY user_id
"""

# From the event before the new ones to the one after them; intervals outside of that cannot have changed.
_SETTLE = """
WITH touched AS (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::timestamp[], %s::timestamp[]) AS given (kind, name, first, last)
),
span AS MATERIALIZED (
    SELECT name,
        coalesce((
            SELECT max(eventts) FROM sipuserevents.sipuser_state_changed WHERE login = name AND eventts < first
        ), first) AS first,
        last,
        coalesce((
            SELECT min(eventts) FROM sipuserevents.sipuser_state_changed WHERE login = name AND eventts > last
        ), last) AS following
    FROM touched WHERE kind = 'extension'
),
intervals AS (
    SELECT login, state, eventts AS dt_start,
        lead(eventts) OVER (PARTITION BY login ORDER BY eventts, state) AS dt_stop
    FROM span JOIN sipuserevents.sipuser_state_changed ON login = name AND eventts BETWEEN first AND following
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
    (
        SELECT state, eventts FROM sipuserevents.sipuser_state_changed
        WHERE touched.kind = 'extension' AND login = touched.name ORDER BY eventts DESC, state DESC LIMIT 1
    )
    UNION ALL
    (
        SELECT coalesce(state, ''), eventts FROM userevents.usr_state_changed
        WHERE touched.kind = 'agent' AND user_id = touched.name ORDER BY eventts DESC, state DESC LIMIT 1
    )
) AS latest
WHERE presence.kind = touched.kind AND presence.name = touched.name
"""


def write(writer: Connection, results: Iterable[Records]) -> None:
    """Add the histories' rows of `results`, keep the intervals between them, and each one's present state.

    To be called within a transaction, after calls are locked.
    """
    rows = by_relation((table, row) for records in results for table in TABLES for row in records.rows.get(table, ()))
    states, shifts = (rows.get(".".join(table), []) for table in TABLES)
    names = {("extension", row["login"]) for row in states} | {("agent", row["user_id"]) for row in shifts}
    if not names:
        return
    writer.execute(_LOCK, columns(names))
    touched = writer.execute(_WRITE, [as_json(states), as_json(shifts)])
    if touched:
        writer.execute(_SETTLE, columns(touched))
