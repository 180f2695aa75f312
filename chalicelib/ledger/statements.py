"""The SQL of the store: constants, and one statement put together from them for the tables that a batch concerns.

Plans are made once a session and must fit tables of any size. So each stored row is looked up by the key at hand, one
at a time: an OFFSET 0 within LATERAL keeps the planner from joining whole tables.
"""

from __future__ import annotations

from collections.abc import Collection

from chalicelib.errors import RingledgerError

#: The documented tables whose rows belong to a call by their inviteid.
CALL_RELATIONS = (
    "calls.success",
    "calls.cancelled",
    "calls.failed",
    "calls.forks",
    "calls.holds",
    "calls.routes",
    "ivrhuntq.huntq_calls",
    "ivrhuntqevents.final",
    "ivrhuntqevents.queue_dequeue",
    "ivrhuntqevents.queue_enqueue",
    "ivrhuntqevents.queue_greeting",
    "ivrhuntqevents.queue_preivr_start",
    "ivrhuntqevents.queue_quit",
    "ivrhuntqevents.queue_start_call",
    "ivrhuntqevents.queue_userban",
)

#: What is read of a stored webhook, of a table or a query named `event`.
EVENT_COLUMNS = """
event.id::text, event.accepted_at, event.provider, event.client, event.call_id, event.extension, event.method,
event.query, event.content_type, event.body, event.content_encoding
"""

# Sorted, since two batches that insert the same keys in different orders would wait for each other for ever.
_STORE = """
INSERT INTO ledger.events (
    accepted_at, id, provider, client, call_id, extension, generation, method, query, content_type,
    content_encoding, body
)
SELECT * FROM json_to_recordset(%s::json) AS event (
    accepted_at timestamp, id uuid, provider text, client text, call_id text, extension integer, generation integer,
    method text, query text, content_type text, content_encoding text, body bytea
) ORDER BY accepted_at, id
ON CONFLICT DO NOTHING
"""

# Creates and locks in the order of the key, so that whoever locks several calls meets others in one direction.
# Only of a row that this very statement creates is the xmax 0: nobody has ever stored an event of such a call before.
_LOCK = """
ORDER BY provider, client, id
ON CONFLICT (provider, client, id) DO UPDATE SET
    first_accepted_at = least(call.first_accepted_at, excluded.first_accepted_at),
    last_accepted_at = greatest(call.last_accepted_at, excluded.last_accepted_at),
    late = call.frozen
RETURNING provider, client, id, first_accepted_at, last_accepted_at, frozen, version, relations, xmax = 0, heeded_until
"""
# Whether it is open is written last, and an index that nothing enters needs no leaving.
_CALLS = "INSERT INTO ledger.calls AS call (provider, client, id, first_accepted_at, last_accepted_at, open)"

LOCK = f"""
{_CALLS}
SELECT *, false FROM unnest(%s::text[], %s::text[], %s::text[], %s::timestamp[], %s::timestamp[])
    AS given (provider, client, id)
{_LOCK}
"""  # noqa: S608 - a constant of this module

# One turn for both. Calls are locked when all events are in, since each is made of all of its events that are new.
# Answers the ids of new events, then the locked calls: a row is one or the other.
STORE_AND_LOCK = f"""
WITH stored AS ({_STORE} RETURNING id::text, provider, client, call_id, accepted_at),
locked AS (
    {_CALLS}
    SELECT provider, client, id, min(accepted_at), max(accepted_at), false
    FROM stored AS given (event, provider, client, id) WHERE id <> '' GROUP BY provider, client, id
    {_LOCK}
)
SELECT stored.id, locked.* FROM stored FULL JOIN locked ON false
"""  # noqa: S608 - as above

# A statement of its own: only one that begins after the locks are held sees what others have committed before.
# The period keeps partitions closed that it does not touch.
READ = f"""
SELECT {EVENT_COLUMNS}
FROM unnest(%s::text[], %s::text[], %s::text[], %s::integer[]) AS call (provider, client, id, event_limit)
CROSS JOIN LATERAL (
    SELECT * FROM ledger.events
    WHERE events.provider = call.provider AND events.client = call.client AND events.call_id = call.id
        AND events.call_id <> '' AND accepted_at BETWEEN %s AND %s
    ORDER BY method <> 'CLOSE', accepted_at, events.id
    LIMIT call.event_limit
) AS event
"""  # noqa: S608 - a constant of this module

# In a table that has no row of these calls yet. Under the inviteid of a record nobody else's row remains.
_FIRST = """
gone_{name} AS (
    DELETE FROM {table} AS old USING record WHERE old.inviteid = record.inviteid RETURNING old.inviteid
),
made_{name} AS (
    INSERT INTO {table} SELECT DISTINCT fresh.* FROM json_populate_recordset(NULL::{table}, %s::json) AS fresh
    RETURNING inviteid
),
"""

# What no longer follows goes, what is new comes, what stayed the same is not touched. Whole rows are compared, of
# which two are equal to PostgreSQL also where both have NULL.
_AGAIN = """
fresh_{name} AS MATERIALIZED (
    SELECT content FROM json_populate_recordset(NULL::{table}, %s::json) AS content
),
known_{name} AS MATERIALIZED (
    SELECT found.content FROM concerned CROSS JOIN LATERAL (
        SELECT old AS content FROM {table} AS old WHERE old.inviteid = concerned.inviteid OFFSET 0
    ) AS found
),
gone_{name} AS (
    DELETE FROM {table} AS old USING (TABLE known_{name} EXCEPT TABLE fresh_{name}) AS past
    WHERE old.inviteid = (past.content).inviteid AND old = past.content
    RETURNING old.inviteid
),
made_{name} AS (
    INSERT INTO {table} SELECT (content).* FROM (TABLE fresh_{name} EXCEPT TABLE known_{name}) AS made
    RETURNING inviteid
),
"""

_MADE = "SELECT inviteid, '{table}', 'made' FROM made_{name}"
_GONE = "SELECT inviteid, '{table}', 'gone' FROM gone_{name}"
_NO_CHANGES = "SELECT NULL::uuid, '', '' WHERE false"

# The limits leave nothing out: they tell the planner how few there are, so that it does not read whole tables.
_HEAD = """
WITH call AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%s::json) AS call (
        provider text, client text, id text, open boolean, flags text[], relations text[], live jsonb,
        successors jsonb, heeded_until timestamp
    ) LIMIT %s
),
record AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%s::json) AS record (
        inviteid uuid, provider text, client text, call_id text, complete boolean, facts jsonb
    ) LIMIT %s
),
"""

_KNOWN = """
known AS MATERIALIZED (
    SELECT record.*, call.successors FROM call CROSS JOIN LATERAL (
        SELECT inviteid, gone_at FROM ledger.records
        WHERE records.provider = call.provider AND records.client = call.client AND records.call_id = call.id OFFSET 0
    ) AS record
),
concerned AS MATERIALIZED (SELECT inviteid FROM known UNION SELECT inviteid FROM record),
"""

_RECORDED = """
changed AS MATERIALIZED (
    SELECT DISTINCT inviteid, relation, change FROM ({changes}) AS change (inviteid, relation, change)
),
recorded AS (
    INSERT INTO ledger.records AS old (inviteid, provider, client, call_id, complete, facts)
    SELECT inviteid, provider, client, call_id, complete, facts FROM record ORDER BY inviteid
    ON CONFLICT (inviteid) DO UPDATE SET
        version = old.version + 1, complete = excluded.complete, facts = excluded.facts,
        changed_at = now(), gone_at = NULL, successor = NULL
    WHERE old.inviteid IN (SELECT inviteid FROM changed) OR old.gone_at IS NOT NULL
        OR (old.complete, old.facts) IS DISTINCT FROM (excluded.complete, excluded.facts)
    RETURNING provider, client, call_id
),
"""

_NOBODY_BURIED = "moved AS (SELECT DISTINCT * FROM recorded),"
_BURIED = """
buried AS (
    UPDATE ledger.records AS old SET
        version = old.version + 1, changed_at = now(), gone_at = now(),
        successor = (known.successors ->> known.inviteid::text)::uuid
    FROM known
    WHERE old.inviteid = known.inviteid AND known.gone_at IS NULL
        AND known.inviteid NOT IN (SELECT inviteid FROM record)
    RETURNING old.provider, old.client, old.call_id
),
moved AS (SELECT * FROM recorded UNION SELECT * FROM buried),
"""

_TAIL = """
kept AS (
    UPDATE ledger.calls AS old SET
        version = old.version + ((old.provider, old.client, old.id) IN (TABLE moved))::integer,
        open = call.open, flags = call.flags, relations = call.relations, live = nullif(call.live, 'null'),
        heeded_until = call.heeded_until
    FROM call
    WHERE old.provider = call.provider AND old.client = call.client AND old.id = call.id
)
SELECT relation, change, count(*) FROM changed GROUP BY relation, change ORDER BY relation, change
"""


class UnknownRelation(RingledgerError):
    """A provider's rules made rows for a table that holds no rows of calls."""

    code = "unknown-relation"


def writing(before: Collection[str], after: Collection[str], *, again: bool) -> tuple[str, list[str]]:
    """The statement that makes the rows of calls what its parameters say, and the tables of which it takes rows.

    Rows of these calls are in the tables `before` and shall be in those `after`; without `again` no call had a record
    yet. Its parameters are the calls as JSON and how many there are, the records likewise, and the rows of each of the
    tables it takes. It answers how many records changed in each: its name, `gone` or `made`, and the number. Raises
    UnknownRelation.
    """
    unknown = sorted({*before, *after} - set(CALL_RELATIONS))
    if unknown:
        raise UnknownRelation(f"{', '.join(unknown)} holds no rows of calls")
    first = [relation for relation in CALL_RELATIONS if relation in after and relation not in before]
    compared = [relation for relation in CALL_RELATIONS if relation in before]
    taken = [*first, *compared]
    changes = _for_tables(_MADE, taken) + _for_tables(_GONE, taken) or [_NO_CHANGES]
    bodies = _for_tables(_FIRST, first) + _for_tables(_AGAIN, compared)
    recorded = _RECORDED.replace("{changes}", " UNION ALL ".join(changes))
    return "".join([_HEAD, _KNOWN * again, *bodies, recorded, _BURIED if again else _NOBODY_BURIED, _TAIL]), taken


def _for_tables(template: str, relations: Collection[str]) -> list[str]:
    return [
        template.replace("{table}", relation).replace("{name}", relation.replace(".", "_")) for relation in relations
    ]
