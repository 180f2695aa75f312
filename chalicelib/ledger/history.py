"""Histories of extensions and agents: rows that one event proves, written once and never removed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chalicelib.calls.presence import AGENTS, EXTENSIONS
from chalicelib.calls.records import Row, Table, Value
from chalicelib.ledger import phone_talks
from chalicelib.ledger.phone_talks import CallTalks, TalkChanges
from chalicelib.ledger.rows import as_json, by_relation
from chalicelib.platform.postgres import Connection

# An existing row is locked and not written.
_LOCK = """
INSERT INTO ledger.presence (kind, name)
SELECT %s::text, name FROM unnest(%s::text[]) AS subject (name) ORDER BY name
ON CONFLICT (kind, name) DO UPDATE SET state = presence.state WHERE false
"""

# Rows are added by a later statement than the lock, so that it sees rows that others committed before the lock. Here
# and below, a name and a time are compared as a pair: only the index of both answers that. The planner likes the index
# of times alone, which leads through the rows of every extension. A month of retired calls gets no rows any more.
_ADD_STATES = """
INSERT INTO sipuserevents.sipuser_state_changed
SELECT new.* FROM json_populate_recordset(NULL::sipuserevents.sipuser_state_changed, %s::json) AS new
WHERE NOT EXISTS (
    SELECT FROM sipuserevents.sipuser_state_changed AS old
    WHERE (old.login, old.eventts) >= (new.login, new.eventts) AND (old.login, old.eventts) <= (new.login, new.eventts)
        AND old = new
)
AND NOT EXISTS (SELECT FROM ledger.months WHERE name = to_char(new.eventts, 'YYYY_MM') AND retired)
"""

_ADD_SHIFTS = """
INSERT INTO userevents.usr_state_changed
SELECT new.* FROM json_populate_recordset(NULL::userevents.usr_state_changed, %s::json) AS new
WHERE NOT EXISTS (
    SELECT FROM userevents.usr_state_changed AS old
    WHERE (old.user_id, old.eventts) >= (new.user_id, new.eventts)
        AND (old.user_id, old.eventts) <= (new.user_id, new.eventts) AND old = new
)
AND NOT EXISTS (SELECT FROM ledger.months WHERE name = to_char(new.eventts, 'YYYY_MM') AND retired)
"""

_SETTLE_STATES = Path(__file__).with_name("settle_states.sql").read_text("utf-8")

_SETTLE_SHIFTS = """
UPDATE ledger.presence SET state = coalesce(latest.state, ''), since = latest.eventts
FROM unnest(%(names)s::text[], %(firsts)s::timestamp[], %(lasts)s::timestamp[]) AS touched (name, first, last)
CROSS JOIN LATERAL (
    SELECT user_id, state, eventts FROM userevents.usr_state_changed
    WHERE (user_id, eventts) <= (touched.name, 'infinity') ORDER BY user_id DESC, eventts DESC, state DESC LIMIT 1
) AS latest
WHERE presence.kind = 'agent' AND presence.name = touched.name AND latest.user_id = touched.name
    AND (presence.state, presence.since) IS DISTINCT FROM (coalesce(latest.state, ''), latest.eventts)
"""


class _History(NamedTuple):
    """One kind of history: its table, the column with the name of its subject, and its two statements."""

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
    """Tell whether a row belongs to a history: it has a subject and a time."""
    return any(table == each.table and row.get(each.column) and row.get("eventts") for each in _HISTORIES)


def together(*parts: Mapping[Table, list[Row]]) -> dict[Table, list[Row]]:
    """Return the rows of all parts, each once. In one part each row is there once already."""
    if sum(map(bool, parts)) < 2:
        return {table: rows for part in parts for table, rows in part.items()}
    unique: dict[Table, dict[str, Row]] = defaultdict(dict)
    for part in parts:
        for table, rows in part.items():
            unique[table] |= {as_json(sorted(row.items())): row for row in rows}
    return {table: list(rows.values()) for table, rows in unique.items()}


def write(writer: Connection, changes: Mapping[Table, list[Row]], calls: Iterable[CallTalks] = ()) -> None:
    """Add the rows of `changes`, each once, and keep the intervals between them and the present states.

    A phone is busy while it talks in any of its calls, so the talks of `calls` count too. Call it within a
    transaction, after the calls are locked.
    """
    rows = by_relation((table, row) for table, part in changes.items() for row in part)
    talks = phone_talks.changes(calls)
    for history in _HISTORIES:
        of_history = rows.get(".".join(history.table), [])
        _write(writer, history, of_history, talks if history.table == EXTENSIONS else TalkChanges())


def _write(writer: Connection, history: _History, rows: Sequence[Row], talks: TalkChanges) -> None:
    times = _times(history, rows, talks)
    if not times:
        return
    writer.post(_LOCK, [history.kind, list(times)])
    if rows:
        writer.post(history.add, [as_json(rows)])
    phone_talks.post(writer, talks)
    names, firsts, lasts = list(times), list(map(min, times.values())), list(map(max, times.values()))
    writer.post(history.settle, {"names": names, "firsts": firsts, "lasts": lasts})


def _times(history: _History, rows: Iterable[Row], talks: TalkChanges) -> dict[Value, list[Any]]:
    """Return the times of the new rows and of the changed talks of each subject."""
    times: dict[Value, list[Any]] = defaultdict(list)
    for row in rows:
        times[row[history.column]].append(row["eventts"])
    for login, since, until in talks.spans:
        times[login] += [since, until]
    return times
