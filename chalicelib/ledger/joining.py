"""Joins calls that turn out to be one: ids of calls that share a part, such as a channel, are ids of one call.

The oldest id becomes the head, which takes over the records of the others; these stay as tombstones that lead to it.
Transactions that may join calls of one client take turns, so that each sees what the others joined. Then all ids of a
call are locked, in the order of their keys, as other calls are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from chalicelib import providers
from chalicelib.calls.events import CallKey
from chalicelib.ledger.intake import Item
from chalicelib.ledger.rows import columns
from chalicelib.platform.postgres import Connection

Part = tuple[str, str, str, str, datetime]  # provider, client, part, id of the call, acceptance
#: The ids of one call, the head first, for each of its heads.
Sets = dict[CallKey, list[CallKey]]

# The row of an empty part is locked until the transaction ends; an existing one is not written.
_TAKE_TURNS = """
INSERT INTO ledger.call_parts AS known (provider, client, part, call_id, accepted_at)
SELECT provider, client, '', '', '-infinity' FROM unnest(%s::text[], %s::text[]) AS account (provider, client)
ORDER BY provider, client
ON CONFLICT (provider, client, part) DO UPDATE SET part = known.part WHERE false
"""

# A known part is written once a day at most, so that it lasts as long as its call.
_KEEP_PARTS = """
INSERT INTO ledger.call_parts AS known (provider, client, part, call_id, accepted_at)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::timestamp[])
    AS named (provider, client, part, call_id, accepted_at)
ORDER BY provider, client, part
ON CONFLICT (provider, client, part) DO UPDATE SET accepted_at = excluded.accepted_at
WHERE known.accepted_at < excluded.accepted_at - interval '1 day'
"""

# Pairs of ids that belong together: a call and another one that has its part, a call and its head.
_PAIRS = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest(%(providers)s::text[], %(clients)s::text[], %(ids)s::text[]) AS asked (provider, client, id)
),
shared AS MATERIALIZED (
    SELECT named.provider, named.client, named.id, known.call_id AS other
    FROM unnest(%(part_providers)s::text[], %(part_clients)s::text[], %(parts)s::text[], %(part_calls)s::text[])
        AS named (provider, client, part, id)
    CROSS JOIN LATERAL (
        SELECT call_id FROM ledger.call_parts AS known
        WHERE known.provider = named.provider AND known.client = named.client AND known.part = named.part OFFSET 0
    ) AS known
),
heads AS MATERIALIZED (
    SELECT DISTINCT provider, client, coalesce(nullif(call.head, ''), touched.id) AS id
    FROM (
        SELECT provider, client, id FROM asked
        UNION SELECT provider, client, other FROM shared
    ) AS touched
    LEFT JOIN LATERAL (
        SELECT head FROM ledger.calls
        WHERE calls.provider = touched.provider AND calls.client = touched.client AND calls.id = touched.id OFFSET 0
    ) AS call ON true
)
SELECT provider, client, id, other FROM shared
UNION
SELECT heads.provider, heads.client, heads.id, coalesce(member.id, heads.id)
FROM heads LEFT JOIN LATERAL (
    SELECT id FROM ledger.calls
    WHERE calls.provider = heads.provider AND calls.client = heads.client AND calls.head = heads.id
        AND calls.head <> '' OFFSET 0
) AS member ON true
"""

# The phones' talks are written again under the head. A fault of a part is one of the whole.
_JOIN_CALLS = """
UPDATE ledger.calls AS old SET
    head = joined.head, open = CASE joined.head WHEN '' THEN old.open ELSE false END,
    live = CASE joined.head WHEN '' THEN old.live END, close_at = CASE joined.head WHEN '' THEN old.close_at END,
    fault = CASE joined.head WHEN '' THEN old.fault ELSE '' END
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS joined (provider, client, id, head)
WHERE old.provider = joined.provider AND old.client = joined.client AND old.id = joined.id AND old.head <> joined.head
"""
_JOIN_RECORDS = """
UPDATE ledger.records AS old SET call_id = joined.head
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS joined (provider, client, id, head)
WHERE old.provider = joined.provider AND old.client = joined.client AND old.call_id = joined.id AND joined.head <> ''
"""
_DROP_TALKS = """
DELETE FROM ledger.phone_talks AS old
USING unnest(%s::text[], %s::text[], %s::text[], %s::text[]) AS joined (provider, client, id, head)
WHERE old.provider = joined.provider AND old.client = joined.client AND old.call_id = joined.id AND joined.head <> ''
"""
_DROP_PARTS = "DELETE FROM ledger.call_parts WHERE accepted_at < %s AND part <> '' RETURNING 1"
#: Calls end long before; a part that was named before then joins no others.
PARTS_KEPT = timedelta(days=60)
_NUMBERS = re.compile(r"(\d+)")


def keep_parts(writer: Connection, items: Iterable[Item]) -> list[Part]:
    """Store what takes part in the calls of `items`, lock it, and return it with each of its calls."""
    parts: dict[tuple[str, str, str, str], Part] = {}
    for item in items:
        for event in item.events:
            for part in event.parts:
                name = (item.key.provider, item.key.client, part, item.key.id)
                parts.setdefault(name, (*name, item.message.raw.accepted_at))
    if parts:
        unique = {name[:3]: part for name, part in parts.items()}
        writer.post(_KEEP_PARTS, columns(unique.values()))
    return list(parts.values())


def sets(writer: Connection, keys: Iterable[CallKey], parts: Sequence[Part]) -> Sets:
    """Return the ids of each call that has several, as far as `keys` and `parts` lead to them.

    Until the transaction ends, no other one joins calls of the same clients.
    """
    asked = sorted(key for key in keys if providers.joins_calls(key.provider))
    if not asked:
        return {}
    writer.post(_TAKE_TURNS, columns({key[:2] for key in asked}))
    rows = writer.execute_planned(
        _PAIRS,
        dict(zip(("providers", "clients", "ids"), columns(asked), strict=True))
        | dict(zip(("part_providers", "part_clients", "parts", "part_calls"), _part_columns(parts), strict=True)),
    )
    leaders: dict[CallKey, CallKey] = {}
    for provider, client, one, other in rows:
        _unite(leaders, CallKey(provider, client, one), CallKey(provider, client, other))
    together: dict[CallKey, list[CallKey]] = defaultdict(list)
    for key in {*asked, *leaders}:
        together[_leader(leaders, key)].append(key)
    ordered = (sorted(members, key=age) for members in together.values())
    return {members[0]: members for members in ordered if len(members) > 1}


def join(writer: Connection, joined: Sets) -> None:
    """Make the head of each set the owner of all records, with the transaction's next statement.

    Call this when all calls of the sets are locked.
    """
    pairs = [(*key, "" if key == head else head.id) for head, members in joined.items() for key in members]
    if pairs:
        for statement in (_JOIN_CALLS, _JOIN_RECORDS, _DROP_TALKS):
            writer.post(statement, columns(pairs))


def drop_parts(writer: Connection, before: datetime) -> int:
    """Drop the parts of calls that were last named before a time, naive UTC, and return how many."""
    return len(writer.execute(_DROP_PARTS, [before]))


def age(key: CallKey) -> tuple[str, str, list[tuple[int, str]]]:
    """Return the position of an id among those of one call: numbers in it count by their value."""
    words = _NUMBERS.split(key.id)
    return key.provider, key.client, [(int(word), "") if word.isdecimal() else (-1, word) for word in words]


def _part_columns(parts: Sequence[Part]) -> list[list[object]]:
    return [list(column) for column in zip(*(part[:4] for part in parts), strict=True)] or [[], [], [], []]


def _leader(leaders: dict[CallKey, CallKey], key: CallKey) -> CallKey:
    while (leader := leaders.setdefault(key, key)) != key:
        leaders[key] = leaders[leader]
        key = leader
    return key


def _unite(leaders: dict[CallKey, CallKey], one: CallKey, other: CallKey) -> None:
    leaders[_leader(leaders, one)] = _leader(leaders, other)
