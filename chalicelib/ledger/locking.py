"""Locks calls and reads what is stored of them.

A row of `ledger.calls` is the call's lock. Calls are locked in the order of their keys, after their events are
inserted, and read by a later statement: only a statement that begins when the locks are held sees what other
transactions committed before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

from chalicelib.calls.events import CLOSE, CallKey, Event
from chalicelib.calls.records import PhoneTalk
from chalicelib.ledger import interpretation, months, phone_talks, raw_events
from chalicelib.ledger.drafts import Drafts
from chalicelib.ledger.intake import Item
from chalicelib.ledger.joining import Sets
from chalicelib.ledger.rows import as_json
from chalicelib.platform.postgres import Connection, Row

Span = tuple[datetime, datetime]
#: Adds nothing to the span of a call that is stored already.
NO_SPAN: Span = (datetime.max, datetime.min)  # noqa: DTZ901 - naive UTC

_LOCK = """
INSERT INTO ledger.calls AS call (provider, client, id, first_accepted_at, last_accepted_at, open)
SELECT *, false FROM json_to_recordset(%s::json) AS asked (
    provider text, client text, id text, first_accepted_at timestamp, last_accepted_at timestamp
)
ORDER BY provider, client, id
ON CONFLICT (provider, client, id) DO UPDATE SET
    first_accepted_at = least(call.first_accepted_at, excluded.first_accepted_at),
    last_accepted_at = greatest(call.last_accepted_at, excluded.last_accepted_at),
    late = call.frozen
"""

# Plans are made once a session and must fit tables of any size: OFFSET 0 keeps the planner from joining whole tables.
# Of a call with too many events, what was accepted after those that are interpreted changes nothing. One event more
# than the limit tells that there are more.
_READ = f"""
SELECT call.provider, call.client, call.id, call.first_accepted_at, call.last_accepted_at, call.relations, call.records,
    {months.NAMES}, call.talks, {raw_events.COLUMNS}
FROM json_to_recordset(%s::json) AS asked (
    provider text, client text, id text, since timestamp, event_limit integer
)
CROSS JOIN LATERAL (
    SELECT calls.*, ARRAY(
        SELECT inviteid || ' ' || array_to_string(months, ' ') FROM ledger.records
        WHERE records.provider = asked.provider AND records.client = asked.client AND records.call_id = asked.id
    ) AS records, {phone_talks.STORED} AS talks
    FROM ledger.calls
    WHERE calls.provider = asked.provider AND calls.client = asked.client AND calls.id = asked.id
        AND NOT frozen AND (fault = '' OR %s) AND (interpreted_until IS NULL OR asked.since <= interpreted_until)
    OFFSET 0
) AS call
LEFT JOIN LATERAL (
    SELECT * FROM ledger.events
    WHERE events.provider = call.provider AND events.client = call.client AND events.call_id = call.id
        AND events.call_id <> '' AND accepted_at BETWEEN call.first_accepted_at AND call.last_accepted_at
    LIMIT asked.event_limit
) AS event ON true
LEFT JOIN LATERAL (SELECT * FROM ledger.extensions WHERE extensions.id = event.extension OFFSET 0) AS source ON true
"""  # noqa: S608 - constants of other modules

# Jumps from each distinct webhook to the next one in the index `events_call`, so that copies cost nothing. Events of
# an empty digest were stored before there were any, and each counts.
_READ_DISTINCT = f"""
SELECT {raw_events.COLUMNS}
FROM json_to_recordset(%s::json) AS call (
    provider text, client text, id text, first_accepted_at timestamp, last_accepted_at timestamp, event_limit integer
)
CROSS JOIN LATERAL (
    WITH RECURSIVE past AS (
        (
            SELECT digest, accepted_at, events.id FROM ledger.events
            WHERE events.provider = call.provider AND events.client = call.client AND events.call_id = call.id
                AND events.call_id <> '' AND accepted_at BETWEEN call.first_accepted_at AND call.last_accepted_at
            ORDER BY digest, accepted_at, events.id LIMIT 1
        )
        UNION ALL
        SELECT following.* FROM past CROSS JOIN LATERAL (
            SELECT digest, accepted_at, events.id FROM ledger.events
            WHERE events.provider = call.provider AND events.client = call.client AND events.call_id = call.id
                AND events.call_id <> '' AND accepted_at BETWEEN call.first_accepted_at AND call.last_accepted_at
                AND (digest, accepted_at, events.id)
                    > (past.digest, CASE past.digest WHEN '' THEN past.accepted_at ELSE 'infinity' END, past.id)
            ORDER BY digest, accepted_at, events.id LIMIT 1
        ) AS following
    )
    SELECT stored.* FROM past CROSS JOIN LATERAL (
        SELECT * FROM ledger.events WHERE events.accepted_at = past.accepted_at AND events.id = past.id OFFSET 0
    ) AS stored
    ORDER BY method <> 'CLOSE', accepted_at, stored.id
    LIMIT call.event_limit
) AS event
LEFT JOIN LATERAL (SELECT * FROM ledger.extensions WHERE extensions.id = event.extension OFFSET 0) AS source ON true
"""  # noqa: S608 - as above


class LockedCall(NamedTuple):
    """A locked call: the tables that hold its rows, its records, tombstones included, its talks and its events.

    `records` has the months of the rows of each inviteid, `months` all months that have partitions, `retired` those
    whose retention is over.
    `interpreted_until` is the acceptance time of the last event that is read of a call with more events than are
    interpreted. `event_ids` are those of the webhooks behind `events`.
    """

    key: CallKey
    relations: Sequence[str]
    records: Mapping[str, Sequence[str]]
    months: Collection[str]
    retired: frozenset[str]
    talks: frozenset[PhoneTalk]
    events: list[Event]
    event_ids: set[str]
    interpreted_until: datetime | None = None


def lock(writer: Connection, spans: Mapping[CallKey, Span]) -> None:
    """Lock calls, and note between which times their events were accepted. Sent with the next statement."""
    months.hold(writer)
    asked = [{**key._asdict(), **_ends(span)} for key, span in spans.items()]
    writer.post(_LOCK, [as_json(asked)])


def spans_of(items: Iterable[Item]) -> dict[CallKey, Span]:
    """Return the calls that `items` belong to, with the times of their first and last acceptance."""
    spans: dict[CallKey, Span] = {}
    for item in items:
        if item.key.id:
            at = item.message.raw.accepted_at
            first, last = spans.get(item.key, (at, at))
            spans[item.key] = min(first, at), max(last, at)
    return spans


def read(
    writer: Connection,
    since: Mapping[CallKey, datetime],
    drafts: Drafts,
    joined: Sets,
    *,
    with_faults: bool = False,
) -> list[LockedCall]:
    """Return those locked calls that events accepted `since` a time can change, with what is stored of them.

    Frozen calls are left out, and without `with_faults` those that are set aside. Webhooks of `drafts` are not parsed
    again, and the drafts are worked out while the server works.
    A call of several ids, which are in `joined`, is returned under its head.
    """
    asked = [
        {**key._asdict(), "since": at, "event_limit": _limit(key) + 1}
        for key, at in _with_members(since, joined).items()
    ]
    rows = writer.execute_while(_READ, [as_json(asked), with_faults], drafts.work_out)
    rows_of_call: dict[CallKey, list[Row]] = {}
    for row in rows:
        rows_of_call.setdefault(CallKey(*row[:3]), []).append(row)
    long = {key: (rows[0][3], rows[0][4]) for key, rows in rows_of_call.items() if len(rows) > _limit(key)}
    distinct = _read_distinct(writer, long) if long else {}
    calls = {
        key: _call(key, rows[0], distinct.get(key) or [row[9:] for row in rows], drafts.items)
        for key, rows in rows_of_call.items()
    }
    return list(calls.values()) if not joined else list(_under_heads(calls, joined))


def _with_members(since: Mapping[CallKey, datetime], joined: Sets) -> Mapping[CallKey, datetime]:
    """Return the time for every id of the calls in `since`: the earliest one of the call."""
    if not joined:
        return since
    times = dict(since)
    for members in joined.values():
        earliest = min((since[key] for key in members if key in since), default=None)
        if earliest is not None:
            times |= dict.fromkeys(members, earliest)
    return times


def _under_heads(calls: Mapping[CallKey, LockedCall], joined: Sets) -> Iterator[LockedCall]:
    """Return calls, those of several ids as one. Where one of the ids cannot be read, the call stays as it is."""
    members = {key for ids in joined.values() for key in ids}
    yield from (call for key, call in calls.items() if key not in members)
    for head, ids in joined.items():
        if all(key in calls for key in ids):
            yield _together(head, [calls[key] for key in ids])


def _together(head: CallKey, calls: Sequence[LockedCall]) -> LockedCall:
    events = [event for call in calls for event in call.events]
    return calls[0]._replace(
        key=head,
        relations=sorted(set().union(*(call.relations for call in calls))),
        records=dict(chain.from_iterable(call.records.items() for call in calls)),
        talks=frozenset().union(*(call.talks for call in calls)),
        events=[event._replace(call_id=head.id) for event in events],
        event_ids=set().union(*(call.event_ids for call in calls)),
        interpreted_until=max(filter(None, (call.interpreted_until for call in calls)), default=None),
    )


def since_of(items: Iterable[Item]) -> dict[CallKey, datetime]:
    """Return for each call the time from which on `items` can change it. A closing always can."""
    since: dict[CallKey, datetime] = {}
    for item in items:
        if item.key.id:
            raw = item.message.raw
            at = datetime.min if raw.method == CLOSE else raw.accepted_at  # noqa: DTZ901 - naive UTC
            since[item.key] = min(since.get(item.key, at), at)
    return since


def _read_distinct(writer: Connection, spans: Mapping[CallKey, Span]) -> dict[CallKey, list[Row]]:
    asked = [{**key._asdict(), **_ends(span), "event_limit": _limit(key) + 1} for key, span in spans.items()]
    rows_of_call: dict[CallKey, list[Row]] = {}
    for row in writer.execute_planned(_READ_DISTINCT, [as_json(asked)]):
        rows_of_call.setdefault(raw_events.key_of(row), []).append(row)
    return rows_of_call


def _call(key: CallKey, first: Row, rows: Sequence[Row], items: Mapping[str, Item]) -> LockedCall:
    stored = [row for row in rows if row[0] is not None]
    events = [event for row in raw_events.in_order(stored) for event in raw_events.events_of(row, items)]
    end = max(row[1] for row in stored) if _is_overlong(key, rows, events) else None
    records = {inviteid: of_record for inviteid, *of_record in map(str.split, first[6])}
    talks = phone_talks.from_json(first[8])
    return LockedCall(
        key, first[5], records, *months.from_names(first[7]), talks, events, {row[0] for row in stored}, end
    )


def _is_overlong(key: CallKey, rows: Sequence[Row], events: Sequence[Event]) -> bool:
    """Tell whether a call has more webhooks, or more distinct events in them, than are interpreted."""
    limit = _limit(key)
    return len(rows) > limit or (len(events) > limit and len({event.identity for event in events}) > limit)


def _ends(span: Span) -> dict[str, datetime]:
    return {"first_accepted_at": span[0], "last_accepted_at": span[1]}


def _limit(key: CallKey) -> int:
    return interpretation.options(key.provider).event_limit
