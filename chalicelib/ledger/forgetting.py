"""Erases a person's number from rows, raw events and the quarantine, on a lawful request, and records the erasure.

Each digit becomes a zero, so that every text keeps its length. Calls whose raw events are stored are rebuilt from the
erased events. The recordings of the person's calls are deleted too, since they hold the person's voice.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chalicelib.calls.events import CallKey, Raw, Unreadable
from chalicelib.errors import InvalidRequest
from chalicelib.ledger import raw_events, written_numbers
from chalicelib.ledger.faults import CallsFailed, Fault
from chalicelib.ledger.locking import Span
from chalicelib.ledger.replay import rebuild
from chalicelib.ledger.rows import columns
from chalicelib.ledger.written_numbers import NATIONAL, erased
from chalicelib.platform.postgres import Connection, Row
from chalicelib.providers import unpacking

VOICES = "voice files"
#: Deletes the recordings of these calls at a time, naive UTC, and returns the number of files.
EraseRecordings = Callable[[Sequence[UUID], datetime], int]
SHORTEST = 7
EVENTS_AT_ONCE = 500
CALLS_AT_ONCE = 200

_EVENTS = f"""
SELECT accepted_at, id::text, provider, client, call_id, extension, method, content_type, query, body, content_encoding
FROM ledger.events
WHERE (accepted_at, id) > (%s, %s)
    AND (strpos({written_numbers.SOUP}, %s) > 0 OR {written_numbers.ESCAPED} OR content_encoding <> '')
ORDER BY accepted_at, id LIMIT %s
"""  # noqa: S608 - constants
_REWRITE = """
UPDATE ledger.events SET
    query = new.query, body = new.body, content_encoding = new.content_encoding, digest = new.digest
FROM unnest(%s::timestamp[], %s::uuid[], %s::text[], %s::bytea[], %s::text[], %s::bytea[])
    AS new (accepted_at, id, query, body, content_encoding, digest)
WHERE events.accepted_at = new.accepted_at AND events.id = new.id
"""
_RECORDS_OF_CALLS = """
SELECT inviteid FROM unnest(%s::text[], %s::text[], %s::text[]) AS erased (provider, client, call_id)
JOIN ledger.calls ON (calls.provider, calls.client, calls.id) = (erased.provider, erased.client, erased.call_id)
JOIN ledger.records ON (records.provider, records.client, records.call_id)
    = (erased.provider, erased.client, coalesce(nullif(calls.head, ''), erased.call_id))
"""
_ANSWERED_CALLS = """
SELECT inviteid FROM calls.success
WHERE inviteid IS NOT NULL AND strpos(translate(success::text, %s, ''), %s) > 0 AND success::text ~ %s
"""
_QUARANTINE = "SELECT id, message FROM ledger.quarantine ORDER BY id"
_REWRITE_QUARANTINE = "UPDATE ledger.quarantine SET message = %s WHERE id = %s"

# Generates one UPDATE for each table, for rows that raw events do not rebuild: ready rows and those of frozen calls.
_PLAN = """
SELECT table_schema || '.' || table_name, format(
    'WITH done AS (UPDATE %%I.%%I SET %%s WHERE %%s RETURNING 1) SELECT count(*) FROM done', table_schema, table_name,
    string_agg(format(
        '%%1$I = regexp_replace(%%1$I::text, %%2$L, %%3$L, ''g'')::%%4$s', column_name, pattern,
        CASE data_type WHEN 'jsonb' THEN numeral ELSE zeros END, data_type
    ), ', '),
    string_agg(format(
        'strpos(translate(%%1$I::text, %%2$L, ''''), %%3$L) > 0 AND %%1$I::text ~ %%4$L',
        column_name, separators, digits, pattern
    ), ' OR ')
)
FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name),
    (VALUES (%s, %s, %s, %s, %s)) AS number (separators, digits, pattern, zeros, numeral)
WHERE table_type = 'BASE TABLE' AND data_type IN ('character varying', 'text', 'jsonb')
    AND (table_schema NOT IN ('pg_catalog', 'information_schema', 'ledger', 'partitions', 'public')
        OR (table_schema, table_name, column_name) IN (
            ('ledger', 'records', 'facts'), ('ledger', 'calls', 'live'), ('ledger', 'calls', 'fault'),
            ('ledger', 'phone_talks', 'login'), ('ledger', 'phonecalls', 'source'),
            ('ledger', 'phonecalls', 'destination'), ('ledger', 'phonecalls', 'url'),
            ('ledger', 'replication', 'source'), ('ledger', 'replication', 'destination'),
            ('ledger', 'replication', 'reason'), ('ledger', 'replication', 'correction'),
            ('ledger', 'replication', 'present'), ('ledger', 'replication', 'sent_as'),
            ('ledger', 'rejected_phonecalls', 'number'), ('ledger', 'rejected_phonecalls', 'parameters'),
            ('ledger', 'quarantine', 'reason')
        ))
GROUP BY table_schema, table_name ORDER BY 1
"""
# A contact without any other number loses its name.
_CONTACTS = """
WITH gone AS (DELETE FROM ledger.contact_numbers WHERE digits ~ %s RETURNING digits, contact),
unnamed AS (
    UPDATE ledger.contacts SET name = '' WHERE id IN (SELECT contact FROM gone) AND NOT EXISTS (
        SELECT FROM ledger.contact_numbers AS number
        WHERE number.contact = contacts.id AND number.digits NOT IN (SELECT digits FROM gone)
    )
)
SELECT count(*) FROM gone
"""
# The next event of the extension or agent creates its row again.
_PRESENCE = "WITH gone AS (DELETE FROM ledger.presence WHERE name ~ %s RETURNING 1) SELECT count(*) FROM gone"
_RECORD = "INSERT INTO ledger.forgotten (touched) VALUES (%s)"


def forget(
    owner: Connection, number: str, erase_recordings: EraseRecordings, report: Callable[[int], None]
) -> Counter[str]:
    """Erase `number`, and return how many rows of each table held it and how many voice files were deleted.

    Call `report` with the number of webhooks rewritten so far. After an interruption, a second call completes the
    erasure. Raises InvalidRequest when the number has too few digits to be one person's, Unavailable when S3 is away,
    and CallsFailed when everything is erased but some calls could not be rebuilt.
    """
    digits = digits_of(number)
    pattern = written_numbers.pattern(digits)
    touched: Counter[str] = Counter()
    calls: dict[CallKey, Span] = {}

    def erase(inviteids: list[Row]) -> None:
        now = datetime.now(UTC).replace(tzinfo=None)
        touched[VOICES] += erase_recordings([inviteid for (inviteid,) in inviteids], now)

    search = [written_numbers.SEPARATORS, digits, pattern]
    erase(owner.execute(_ANSWERED_CALLS, search))
    for key, accepted_at in _rewrite_events(owner, digits, erase, report):
        touched["ledger.events"] += 1
        first, last = calls.get(key, (accepted_at, accepted_at))
        calls[key] = (min(first, accepted_at), max(last, accepted_at))
    touched["ledger.quarantine"] += _rewrite_quarantine(owner, digits)
    failed = _rebuild(owner, {key: span for key, span in calls.items() if key.id})
    for name, statement in owner.execute(
        _PLAN, [*search, *(written_numbers.replacement(digits, first) for first in "01")]
    ):
        touched[name] += owner.execute(statement)[0][0]
    touched["ledger.presence"] += owner.execute(_PRESENCE, [pattern])[0][0]
    touched["ledger.contact_numbers"] += owner.execute(_CONTACTS, [pattern])[0][0]
    touched = +touched
    owner.execute(_RECORD, [json.dumps(touched)])
    if failed:
        raise CallsFailed(failed)
    return touched


class _RolledBack(Exception):
    """The transaction of a preview ends without a change."""


def preview(owner: Connection, number: str) -> Counter[str]:
    """Return how many rows of each table hold `number`, and change nothing. Raises InvalidRequest as `forget` does."""
    digits = digits_of(number)
    search = [written_numbers.SEPARATORS, digits, written_numbers.pattern(digits)]
    holding: Counter[str] = Counter()
    after: list[object] = [datetime.min, "00000000-0000-0000-0000-000000000000"]  # noqa: DTZ901 - before any event
    while rows := owner.execute(_EVENTS, [*after, digits, EVENTS_AT_ONCE]):
        for *_, query, body, coding in rows:
            posted = erased_webhook(query, bytes(body), coding, digits)
            holding["ledger.events"] += posted != (query, bytes(body), coding)
        after = list(rows[-1][:2])
    messages = (bytes(message) for _, message in owner.execute(_QUARANTINE))
    holding["ledger.quarantine"] += sum(_erased_message(message, digits) is not None for message in messages)
    plan = owner.execute(_PLAN, [*search, *(written_numbers.replacement(digits, first) for first in "01")])
    with suppress(_RolledBack), owner.transaction():
        for name, statement in plan:
            holding[name] += owner.execute(statement)[0][0]
        raise _RolledBack
    return +holding


def digits_of(number: str) -> str:
    """Return the digits by which a number is searched for. Raises InvalidRequest when these are too few."""
    digits = re.sub(r"\D", "", number)
    if len(digits) < SHORTEST:
        raise InvalidRequest(f"A number to forget has {SHORTEST} digits or more")
    # A number that begins with +8 is not Russian.
    prefixes = "7" if number.strip().startswith("+") else "78"
    return digits[1:] if len(digits) == NATIONAL + 1 and digits[0] in prefixes else digits


def _rewrite_events(
    owner: Connection, digits: str, erase: Callable[[list[Row]], None], report: Callable[[int], None]
) -> list[tuple[CallKey, datetime]]:
    rewritten: list[tuple[CallKey, datetime]] = []
    after: list[object] = [datetime.min, "00000000-0000-0000-0000-000000000000"]  # noqa: DTZ901 - before any event
    while rows := owner.execute(_EVENTS, [*after, digits, EVENTS_AT_ONCE]):
        new: list[tuple[Any, ...]] = []
        for accepted_at, identity, *key, extension, method, content_type, query, body, coding in rows:
            posted = erased_webhook(query, bytes(body), coding, digits)
            if posted != (query, bytes(body), coding):
                raw = Raw(identity, accepted_at, key[0], method, posted[0], content_type, *posted[1:])
                new.append((accepted_at, identity, *posted, raw_events.digest(extension, raw)))
                rewritten.append((CallKey(*key), accepted_at))
        if new:
            # The recordings go first: once the events are rewritten, nothing leads to them any more.
            erase(owner.execute(_RECORDS_OF_CALLS, columns(key for key, _ in rewritten[-len(new) :])))
            owner.execute(_REWRITE, columns(new))
            report(len(rewritten))
        after = list(rows[-1][:2])
    return rewritten


def _rewrite_quarantine(owner: Connection, digits: str) -> int:
    count = 0
    for identity, message in owner.execute(_QUARANTINE):
        new = _erased_message(bytes(message), digits)
        if new is not None:
            owner.execute(_REWRITE_QUARANTINE, [new, identity])
            count += 1
    return count


def _erased_message(message: bytes, digits: str) -> bytes | None:
    """Return the message without the number, or None when it does not hold it."""
    try:
        content = json.loads(message)
        body, query = b64decode(content["body"]), content["query"].encode()
        coding = str(content.get("content_encoding", ""))
    except (ValueError, TypeError, KeyError, AttributeError):
        new = erased(message, digits)
        return new if new != message else None
    new_body, new_coding = _erased_body(body, coding, digits)
    new_query = erased(query, digits)
    if (new_body, new_query) == (body, query):
        return None
    members = {"body": b64encode(new_body).decode(), "query": new_query.decode(), "content_encoding": new_coding}
    return json.dumps(content | members).encode()


def erased_webhook(query: str, body: bytes, coding: str, digits: str) -> tuple[str, bytes, str]:
    """Return the query, the body and the content coding of a webhook without the number."""
    return erased(query.encode(), digits).decode(), *_erased_body(body, coding, digits)


def _erased_body(body: bytes, coding: str, digits: str) -> tuple[bytes, str]:
    """Return a body without the number, and its content coding: a packed body that held it is stored unpacked."""
    if not coding:
        return erased(body, digits), coding
    try:
        unpacked = unpacking.unpacked(body, coding)
    except Unreadable:
        return body, coding
    new = erased(unpacked, digits)
    return (body, coding) if new == unpacked else (new, "")


def _rebuild(owner: Connection, calls: dict[CallKey, Span]) -> list[Fault]:
    keys = sorted(calls)
    failed: list[Fault] = []
    for begin in range(0, len(keys), CALLS_AT_ONCE):
        failed += rebuild(owner, {key: calls[key] for key in keys[begin : begin + CALLS_AT_ONCE]})[1]
    return failed
