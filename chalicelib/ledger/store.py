"""The domain's way to the database: raw events go in, and their calls' rows are brought to what follows from them.

Rules of this file, each of which once cost somebody events or a deadlock:
  - one transaction a batch, in READ COMMITTED, with a number of round trips that does not grow with the batch;
  - raw events are inserted, then calls are locked, then histories, each in the order of its key;
  - the events of a call are read by a statement that begins after its lock is held.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple
from uuid import uuid4

from chalicelib import providers
from chalicelib.calls import presence
from chalicelib.calls.correlation import overlong
from chalicelib.calls.events import BEGINNINGS, CLOSE, CallKey, Event, Raw, Source, Unparsed, closing
from chalicelib.calls.records import Records, Table
from chalicelib.calls.records import Row as RecordRow
from chalicelib.envelope.messages import Message
from chalicelib.ledger import history, native_rows, quarantine, recordings, statements, writing
from chalicelib.ledger.intake import Item, Refused, sorted_out
from chalicelib.ledger.recordings import File
from chalicelib.ledger.rows import as_json, columns
from chalicelib.platform.postgres import Connection, Row
from chalicelib.registry import extensions

Span = tuple[datetime, datetime]
Change = tuple[str, str, int]
Known = Mapping[str, Item]
Foreseen = Mapping[CallKey, Records]
States = Mapping[Table, list[RecordRow]]
Fetch = Callable[[Sequence[File]], None]
NOTHING: Mapping[Any, Any] = {}


class _News(NamedTuple):
    """A batch's new webhooks by their ids, and what follows from them.

    That is the records of calls that nobody had heard of before, and the states that each event proves by itself.
    """

    items: Known = NOTHING
    foreseen: Foreseen = NOTHING
    states: States = NOTHING


_NO_NEWS = _News()


class _Locked(NamedTuple):
    """A call whose lock is held: when its events were accepted, and which tables hold rows of it.

    Its version is 0 while it never had a record. A `new` one has no other events than those that created it. Of one
    that is `heeded_until` a time, what was accepted later counts for nothing.
    """

    key: CallKey
    span: Span
    version: int
    relations: Sequence[str]
    new: bool
    heeded_until: datetime | None


def take(writer: Connection, messages: Sequence[Message], fetch: Fetch = lambda _: None) -> list[Refused]:
    """Store the webhooks of `messages` and bring their calls up to date, all or nothing; a repetition does no harm.

    Once that is done, `fetch` hears which recordings are new; a maintenance finds those that it does not take.
    What cannot be understood, or comes from nobody that the registry knows, goes to the quarantine and is answered.
    Raises Unavailable when the database is away, DatabaseError when it refuses, and whatever a provider's rules raise.
    """
    wanted: list[File] = []
    with writer.transaction():
        intake = sorted_out(messages, extensions.by_ids(writer, {message.extension for message in messages}))
        quarantine.keep(writer, intake.refused)
        news, locked = _stored(writer, intake.items)
        told = native_rows.write(writer, news.items.values())
        records = _bring(writer, locked, news, wanted)
        history.write(writer, history.together(told, news.states) if told else news.states, records)
    if wanted:
        fetch(wanted)
    return intake.refused


def close(writer: Connection, calls: Mapping[CallKey, datetime], now: datetime) -> None:
    """Store for each of `calls` that it ended unheard at the time given, and bring it up to date.

    A later event corrects that. Raises as `take` does.
    """
    items = [
        Item(Message(Raw(str(uuid4()), now, key.provider, CLOSE, body=closing(key.id, at)), 0, 0), key)
        for key, at in calls.items()
    ]
    with writer.transaction():
        _, locked = _stored(writer, items)
        history.write(writer, NOTHING, _bring(writer, locked))


def work_out(writer: Connection, spans: Mapping[CallKey, Span]) -> list[Change]:
    """Bring the rows of calls to what follows from their events.

    To be called within a transaction. `spans` says between which times the calls' events were accepted, as far as
    the caller knows. Answers how many records changed: table, `gone` or `made`, number.
    """
    if not spans:
        return []
    given = [(*key, *span) for key, span in spans.items()]
    locked = _unfrozen(writer.execute_planned(statements.LOCK, columns(given)))
    if not locked:
        return []
    events, ends = _read(writer, locked, NOTHING)
    results = recordings.with_facts(writer, list(_concluded(events, ends).values()), [])
    changes = writer.execute_planned(*_writing(locked, results))
    history.write(writer, presence.changes(chain.from_iterable(events.values())), results)
    return [(relation, change, count) for relation, change, count in changes]


def _bring(
    writer: Connection,
    locked: Sequence[_Locked],
    news: _News = _NO_NEWS,
    wanted: list[File] | None = None,
) -> list[Records]:
    """Write what follows from the calls' events without waiting for the answer; return their records."""
    results = _results(writer, locked, news, [] if wanted is None else wanted)
    if locked:
        writer.post(*_writing(locked, results))
    return results


def _results(writer: Connection, locked: Sequence[_Locked], news: _News, wanted: list[File]) -> list[Records]:
    """What follows from the calls' events; `wanted` gathers recordings to be fetched."""
    others = [call for call in locked if not (call.new and call.key in news.foreseen)]
    found = _concluded(*_read(writer, others, news.items)) if others else {}
    results = {**news.foreseen, **found}
    return recordings.with_facts(writer, [results[call.key] for call in locked], wanted)


def _stored(writer: Connection, items: Sequence[Item]) -> tuple[_News, list[_Locked]]:
    """Insert webhooks and lock their calls; answers those that were not there before, and the calls."""
    if not items:
        return _NO_NEWS, []
    rows = as_json([_event(item.message, item.key) for item in items])
    answer, (foreseen, states) = writer.execute_while(
        statements.STORE_AND_LOCK, [rows], lambda: (_foreseen(items), _proved(items))
    )
    new = {row[0] for row in answer}
    fresh = {item.message.raw.id: item for item in items if item.message.raw.id in new}
    # What came again may stand under another call by now, whose client the registry has renamed.
    doubtful = {item.key for item in items if item.message.raw.id not in new}
    foreseen = {key: records for key, records in foreseen.items() if key not in doubtful}
    news = _News(fresh, foreseen, _proved(fresh.values()) if doubtful else states)
    return news, _concerned(_unfrozen(row[1:] for row in answer if not row[0]), fresh.values())


def _foreseen(items: Iterable[Item]) -> Foreseen:
    """What follows from `items` alone of calls that seem to begin with them: a waste for those that do not."""
    told: dict[CallKey, list[Event]] = defaultdict(list)
    for item in items:
        if item.key.id and item.events:
            told[item.key] += item.events
    return {
        key: providers.correlate(events)
        for key, events in told.items()
        if len(events) <= _event_limit(key) and any(event.kind in BEGINNINGS for event in events)
    }


def _proved(items: Iterable[Item]) -> States:
    return presence.changes(event for item in items for event in item.events)


def _event(message: Message, key: CallKey) -> dict[str, object]:
    raw = message.raw
    return {
        "accepted_at": raw.accepted_at,
        "id": raw.id,
        "provider": key.provider,
        "client": key.client,
        "call_id": key.id,
        "extension": message.extension,
        "generation": message.generation,
        "method": raw.method,
        "query": raw.query,
        "content_type": raw.content_type,
        "content_encoding": raw.content_encoding,
        "body": f"\\x{raw.body.hex()}",
    }


def _unfrozen(rows: Iterable[Row]) -> list[_Locked]:
    """The calls that may change, of those that a statement locked."""
    return [
        _Locked(CallKey(provider, client, name), (first, last), version, relations, new, heeded_until)
        for provider, client, name, first, last, frozen, version, relations, new, heeded_until in rows
        if not frozen
    ]


def _concerned(locked: list[_Locked], fresh: Iterable[Item]) -> list[_Locked]:
    """The calls of which new webhooks may change something."""
    ends = {call.key: call.heeded_until for call in locked if call.heeded_until}
    if not ends:
        return locked
    heeded = {item.key for item in fresh if item.key in ends and _is_heeded(item.message.raw, ends[item.key])}
    return [call for call in locked if call.key not in ends or call.key in heeded]


def _is_heeded(raw: Raw, until: datetime) -> bool:
    return raw.accepted_at <= until or raw.method == CLOSE


def _read(
    writer: Connection, locked: Sequence[_Locked], known: Known
) -> tuple[dict[CallKey, list[Event]], dict[CallKey, datetime]]:
    """The calls' stored events, of which those of `known` are understood already, and where the overlong ones end."""
    events: dict[CallKey, list[Event]] = {call.key: [] for call in locked}
    first = min(call.span[0] for call in locked)
    last = max(call.span[1] for call in locked)
    # One more than is interpreted, so that the rules see that there are more.
    calls = columns((*call.key, _event_limit(call.key) + 1) for call in locked)
    rows = writer.execute_planned(statements.READ, [*calls, first, last])
    for key, told in interpreted(writer, rows, known):
        events[key] += told
    return events, _ends(rows)


def _concluded(events: Mapping[CallKey, list[Event]], ends: Mapping[CallKey, datetime]) -> dict[CallKey, Records]:
    found = {key: providers.correlate(told) if told else Records(key) for key, told in events.items()}
    # Too many are told by how many there are, even if most of them are copies.
    ended = {
        key: found[key]._replace(heeded_until=end, flags=(overlong(providers.options(key.provider)),))
        for key, end in ends.items()
    }
    return {**found, **ended}


def _ends(rows: Sequence[Row]) -> dict[CallKey, datetime]:
    """For each call with more events than are interpreted: when the last of those was accepted that were read."""
    times: dict[CallKey, list[datetime]] = defaultdict(list)
    for _identity, accepted_at, *key in (row[:5] for row in rows):
        times[CallKey(*key)].append(accepted_at)
    return {key: max(accepted) for key, accepted in times.items() if len(accepted) > _event_limit(key)}


def _event_limit(key: CallKey) -> int:
    return providers.options(key.provider).event_limit


def interpreted(
    writer: Connection, rows: Sequence[Row], known: Known = NOTHING
) -> Iterator[tuple[CallKey, Sequence[Event]]]:
    """What stored webhooks tell, each with its call; `rows` are of the columns `statements.EVENT_COLUMNS`."""
    sources = extensions.by_ids(writer, {row[5] for row in rows if row[0] not in known})
    for identity, accepted_at, provider, client, call_id, extension, *posted in rows:
        if identity in known:
            yield known[identity].key, known[identity].events
            continue
        method, query, content_type, body, content_encoding = posted
        raw = Raw(identity, accepted_at, provider, method, query, content_type, bytes(body), content_encoding)
        # Events of our own come from no extension. A call stays its client's, whatever the registry says by now.
        source = sources.get(extension) or Source(extension, provider, client, "")
        if source.client != client:
            source = replace(source, client=client)
        events = providers.parse(raw, source)
        yield CallKey(provider, client, call_id), () if isinstance(events, Unparsed) else events


def _writing(locked: Sequence[_Locked], results: Sequence[Records]) -> tuple[str, list[object]]:
    """The statement that writes the rows of `results`, and its parameters."""
    before = set(chain.from_iterable(call.relations for call in locked))
    return writing.statement(results, before, again=any(call.version for call in locked))
