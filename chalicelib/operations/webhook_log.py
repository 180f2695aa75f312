"""The log of webhooks: how many came, which ones, and what one of them said and led to."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from chalicelib.calls.events import Raw, Unreadable
from chalicelib.errors import InvalidRequest, RingledgerError
from chalicelib.operations.dead_messages import DeadCounts
from chalicelib.operations.moments import naive_utc
from chalicelib.operations.operator_answers import CallRecord, DayCount, EventAnswer, EventLine, EventPage, LedgerCall
from chalicelib.operations.operator_requests import EventsFilter
from chalicelib.platform.postgres import Connection, Row
from chalicelib.providers import decoding

SEARCHED = timedelta(days=7)
LONGEST_SEARCH = timedelta(days=92)

_COUNTS = """
WITH accepted AS (
    SELECT (accepted_at AT TIME ZONE 'UTC' AT TIME ZONE %(zone)s)::date AS day, extension, provider, count(*) AS number
    FROM ledger.events WHERE accepted_at >= %(since)s AND extension > 0 GROUP BY 1, 2, 3
),
quarantined AS (
    SELECT (quarantined_at AT TIME ZONE %(zone)s)::date AS day, extension, provider, count(*) AS number
    FROM ledger.quarantine WHERE quarantined_at >= %(since)s::timestamp AT TIME ZONE 'UTC' GROUP BY 1, 2, 3
),
dead AS (
    SELECT * FROM unnest(%(dead_days)s::date[], %(dead_extensions)s::integer[], %(dead_providers)s::text[],
        %(dead_numbers)s::integer[]) AS dead (day, extension, provider, number)
)
SELECT day, extension, coalesce(extensions.name, ''), coalesce(accepted.provider, quarantined.provider, dead.provider),
    coalesce(accepted.number, 0), coalesce(quarantined.number, 0), coalesce(dead.number, 0)
FROM accepted FULL JOIN quarantined USING (day, extension, provider) FULL JOIN dead USING (day, extension, provider)
LEFT JOIN ledger.extensions ON extensions.id = extension
ORDER BY day DESC, extension
"""
_LINE = """
event.id::text, accepted_at, event.provider, event.client, call_id, extension, method, length(body), CASE
    WHEN call.id IS NULL THEN 'no-call' WHEN call.fault <> '' THEN 'set-aside' WHEN call.frozen THEN 'frozen'
    WHEN call.open THEN 'open' ELSE 'closed'
END
"""
_FROM = """
ledger.events AS event LEFT JOIN ledger.calls AS call ON call_id <> ''
    AND (call.provider, call.client, call.id) = (event.provider, event.client, call_id)
"""
_CONDITIONS = {
    "open": "call.open AND NOT call.frozen AND call.fault = ''",
    "closed": "NOT call.open AND NOT call.frozen AND call.fault = ''",
    "set-aside": "call.fault <> ''",
    "frozen": "call.frozen AND call.fault = ''",
    "no-call": "call.id IS NULL",
    "": "true",
}
_PAGE = f"""
SELECT {_LINE} FROM {_FROM}
WHERE accepted_at >= %(since)s AND accepted_at < %(until)s
    AND (accepted_at, event.id) < (%(at)s::timestamp, %(id)s::uuid)
    AND (%(extension)s IS NULL OR extension = %(extension)s) AND (%(call)s = '' OR call_id = %(call)s)
    AND (%(number)s = '' OR strpos(query, %(number)s) > 0 OR position(%(number)s::bytea IN body) > 0)
    AND (%(text)s = '' OR strpos(query, %(text)s) > 0 OR position(convert_to(%(text)s, 'UTF8') IN body) > 0)
    AND {{condition}}
ORDER BY accepted_at DESC, event.id DESC LIMIT %(limit)s
"""  # noqa: S608 - a constant of this module
_ONE = f"""
SELECT {_LINE}, query, content_type, content_encoding, body FROM {_FROM}
WHERE accepted_at = %s AND event.id = %s
"""  # noqa: S608 - as above
_CALL = """
SELECT version, open, frozen, flags, fault, first_accepted_at, last_accepted_at, relations FROM ledger.calls
WHERE provider = %s AND client = %s AND id = %s
"""
_RECORDS = """
SELECT inviteid::text, version, complete, facts, gone_at AT TIME ZONE 'UTC', successor::text FROM ledger.records
WHERE provider = %s AND client = %s AND call_id = %s ORDER BY inviteid
"""
_ROWS = "SELECT inviteid::text, to_jsonb(documented) FROM {relation} AS documented WHERE inviteid = ANY (%s::uuid[])"
_LAST = "ffffffff-ffff-ffff-ffff-ffffffffffff"


class UnknownEvent(RingledgerError):
    """No webhook with this id was accepted at this time; lists have both."""

    code = "unknown-event"
    status = 404


def counts(database: Connection, days: int, zone: ZoneInfo, now: datetime, dead: DeadCounts) -> list[DayCount]:
    """Return the webhooks of the last `days` of the site, today included. `now` is naive UTC."""
    today = now.replace(tzinfo=UTC).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    since = (today - timedelta(days=days - 1)).astimezone(UTC).replace(tzinfo=None)
    keys = [key for key in dead if key[0] >= today.date() - timedelta(days=days - 1)]
    rows = database.execute(
        _COUNTS,
        {
            "zone": zone.key,
            "since": since,
            "dead_days": [key[0] for key in keys],
            "dead_extensions": [key[1] for key in keys],
            "dead_providers": [key[2] for key in keys],
            "dead_numbers": [dead[key] for key in keys],
        },
    )
    return [DayCount(**dict(zip(DayCount.model_fields, row, strict=True))) for row in rows]


def page(database: Connection, wanted: EventsFilter, now: datetime) -> EventPage:
    """Return a page of stored webhooks, by default of the last seven days. Raises InvalidRequest."""
    until = wanted.until or now + timedelta(days=1)
    since = wanted.since or min(until, now) - SEARCHED
    if until - since > LONGEST_SEARCH:
        raise InvalidRequest(f"since and until may be {LONGEST_SEARCH.days} days apart")
    at, identity = _place(wanted.before) if wanted.before else (until, _LAST)
    rows = database.execute(
        _PAGE.replace("{condition}", _CONDITIONS[wanted.state]),
        {
            **wanted.model_dump(include={"extension", "call", "text"}),
            "number": wanted.number.lstrip("+"),
            "since": since,
            "until": until,
            "at": at,
            "id": identity,
            "limit": wanted.limit,
        },
    )
    events = [_line(row) for row in rows]
    last = events[-1] if len(events) == wanted.limit else None
    return EventPage(events=events, next=f"{naive_utc(last.accepted_at).isoformat()},{last.id}" if last else None)


def one(database: Connection, identity: str, accepted_at: datetime) -> EventAnswer:
    """Return a stored webhook and its call. Raises UnknownEvent."""
    rows = database.execute(_ONE, [accepted_at, identity])
    if not rows:
        raise UnknownEvent
    *line, query, content_type, content_encoding, body = rows[0]
    event = _line(tuple(line))
    raw = Raw(event.id, accepted_at, event.provider, event.method, query, content_type, bytes(body), content_encoding)
    text, notes = _readable(raw)
    return EventAnswer(
        event=event,
        query=query,
        content_type=content_type,
        content_encoding=content_encoding,
        body=text,
        body_base64=b64encode(raw.body).decode(),
        notes=notes,
        call=call(database, event.provider, event.client, event.call_id) if event.call_id else None,
    )


def call(database: Connection, provider: str, client: str, identity: str) -> LedgerCall | None:
    """Return the state of a call with its records and rows, or None when the ledger has none of this key."""
    key = [provider, client, identity]
    states = database.execute(_CALL, key)
    if not states:
        return None
    version, is_open, frozen, flags, fault, first, last, relations = states[0]
    records = database.execute(_RECORDS, key)
    rows = _rows(database, relations, [record[0] for record in records])
    return LedgerCall(
        provider=provider, client=client, id=identity, version=version, open=is_open, frozen=frozen, flags=flags,
        fault=fault, first_accepted_at=first, last_accepted_at=last,
        records=[_record(record, rows.get(record[0], {})) for record in records],
    )  # fmt: skip


def _record(record: Row, rows: dict[str, list[dict[str, Any]]]) -> CallRecord:
    inviteid, version, complete, facts, gone_at, successor = record
    return CallRecord(
        inviteid=inviteid, version=version, complete=complete, facts=facts, gone_at=gone_at, successor=successor,
        rows=rows,
    )  # fmt: skip


def _rows(
    database: Connection, relations: list[str], inviteids: list[str]
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Return inviteid -> table -> rows."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for relation in relations:
        for inviteid, row in database.execute(_ROWS.replace("{relation}", relation), [inviteids]):
            found.setdefault(inviteid, {}).setdefault(relation, []).append(row)
    return found


def _readable(raw: Raw) -> tuple[str | None, dict[str, str]]:
    try:
        plain = decoding.plain(raw)
    except Unreadable as fault:
        return None, {"encoding": fault.message}
    return plain.raw.body.decode(errors="replace"), dict(plain.notes)


def _line(row: Row) -> EventLine:
    return EventLine(**dict(zip(EventLine.model_fields, row, strict=True)))


def _place(text: str) -> tuple[datetime, str]:
    at, _, identity = text.partition(",")
    try:
        return naive_utc(datetime.fromisoformat(at)), str(UUID(identity))
    except ValueError:
        raise InvalidRequest("before: use the value of next of the page before") from None
