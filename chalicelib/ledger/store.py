"""The way of a batch into the ledger: store its webhooks, lock their calls, read them, understand them, write.

Rules of this file, each of which once cost events or a deadlock:
  - one transaction a batch, in READ COMMITTED, with a number of round trips that does not grow with the batch;
  - raw events are inserted, then calls are locked, then histories, each in the order of its key;
  - the events of a call are read by a statement that begins after its lock is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from uuid import uuid4

from chalicelib import metrics
from chalicelib.calls import presence
from chalicelib.calls.correlation import overlong
from chalicelib.calls.events import CLOSE, CallKey, Event, Raw, Source, closed, closing
from chalicelib.calls.records import Records
from chalicelib.envelope.messages import Message
from chalicelib.ledger import (
    faults,
    history,
    intake,
    interpretation,
    joining,
    locking,
    mistyped,
    native_rows,
    quarantine,
    raw_events,
    recording_facts,
    retired_calls,
    writing,
)
from chalicelib.ledger.call_rows import Outcome
from chalicelib.ledger.drafts import Drafts
from chalicelib.ledger.intake import Item, RefusedWebhook
from chalicelib.ledger.joining import Part, Sets
from chalicelib.ledger.locking import LockedCall, Span
from chalicelib.ledger.phone_talks import CallTalks
from chalicelib.ledger.recording_facts import File
from chalicelib.ledger.writing import Change
from chalicelib.platform.postgres import Connection, DatabaseError

Fetch = Callable[[Sequence[File]], None]
CloseLater = Callable[[datetime], None]


def take(
    writer: Connection,
    messages: Sequence[Message],
    fetch: Fetch = lambda _: None,
    close_later: CloseLater = lambda _: None,
) -> list[RefusedWebhook]:
    """Store the webhooks of `messages` and bring their calls up to date, all or nothing. May be repeated.

    Afterwards call `fetch` with the recordings that are new; `maintain` queues those that it does not take. Call
    `close_later` with the time, naive UTC, at which `closing.close_due` is to run for calls that may be over by then.
    Quarantine webhooks that are not understood or whose sender is not registered, and return them. A message alone
    whose call claims the record of another call is stored, and that call set aside. Raises Unavailable, DatabaseError,
    and what a provider's rules raise.
    """
    try:
        return _take(writer, messages, fetch, close_later)
    except DatabaseError as error:
        if not faults.is_violation(error) or len(messages) > 1:
            raise
        return _take(writer, messages, fetch, close_later, fault=faults.reason(error))


def _take(
    writer: Connection, messages: Sequence[Message], fetch: Fetch, close_later: CloseLater, fault: str = ""
) -> list[RefusedWebhook]:
    files: list[File] = []
    with writer.transaction():
        batch = intake.read(writer, messages)
        quarantine.keep(writer, batch.refused)
        drafts = Drafts(batch.items)
        calls = _stored(writer, batch.items, drafts)
        if fault:
            faults.set_aside(writer, [call.key for call in calls], fault)
            metrics.publish("ingest", {"calls_set_aside": len(calls)})
        results = [] if fault else _bring(writer, calls, drafts, files)
        ready = native_rows.write(writer, batch.items)
        states = presence.changes(_new_events(batch.items, calls))
        history.write(writer, history.together(ready, states), _talks(calls, results))
        mistyped.flag(writer, batch.items)
    if files:
        fetch(files)
    if due := [result.close_at for result in results if result.close_at]:
        close_later(max(due))
    return batch.refused


def close(writer: Connection, calls: Mapping[CallKey, datetime], now: datetime) -> None:
    """Store for each of `calls` that no end came until its time, and bring it up to date.

    A later event corrects that. Raises as `take` does.
    """
    items = [_closing(call, at, now) for call, at in calls.items()]
    drafts = Drafts(items)
    with writer.transaction():
        stored = _stored(writer, items, drafts)
        history.write(writer, {}, _talks(stored, _bring(writer, stored, drafts, [])))


def rebuild(writer: Connection, spans: Mapping[CallKey, Span]) -> list[Change]:
    """Bring the rows of calls to what follows from their events, within a transaction of the caller's.

    `spans` says between which times the calls' events were accepted, as far as the caller knows. Calls that were set
    aside return. Return how many records changed: table, `gone` or `made`, number. Raises as `take` does.
    """
    if not spans:
        return []
    joined = _locked(writer, spans, [])
    since = dict.fromkeys(spans, datetime.min)  # noqa: DTZ901 - naive UTC
    drafts = Drafts()
    calls = locking.read(writer, since, drafts, joined, with_faults=True)
    if not calls:
        return []
    outcomes = _understood(writer, calls, drafts, [])
    changes = writing.write(writer, outcomes)
    states = presence.changes(chain.from_iterable(call.events for call in calls))
    history.write(writer, states, _talks(calls, [outcome.result for outcome in outcomes]))
    return changes


def _closing(call: CallKey, at: datetime, now: datetime) -> Item:
    raw = Raw(str(uuid4()), now, call.provider, CLOSE, body=closing(call.id, at))
    own = Source(0, call.provider, call.client, "")
    return Item(Message(raw, own.id, 0), call, (closed(raw, own),))


def _stored(writer: Connection, items: Sequence[Item], drafts: Drafts) -> list[LockedCall]:
    """Store webhooks, and return the calls that they can change, locked and read. Work out `drafts` meanwhile."""
    if not items:
        return []
    raw_events.store(writer, items)
    spans = locking.spans_of(items)
    if not spans:
        return []
    joined = _locked(writer, spans, joining.keep_parts(writer, items))
    return locking.read(writer, locking.since_of(items), drafts, joined)


def _locked(writer: Connection, spans: Mapping[CallKey, Span], parts: Sequence[Part]) -> Sets:
    """Lock calls and those that they are joined with, and return the ids of each call that has several."""
    joined = joining.sets(writer, spans, parts)
    members = dict.fromkeys((key for ids in joined.values() for key in ids), locking.NO_SPAN)
    locking.lock(writer, {**members, **spans})
    joining.join(writer, joined)
    return joined


def _bring(writer: Connection, calls: Sequence[LockedCall], drafts: Drafts, files: list[File]) -> list[Records]:
    """Write what follows from `calls` with the next statement, and return it; add recordings to fetch to `files`."""
    if not calls:
        return []
    outcomes = _understood(writer, calls, drafts, files)
    writing.post(writer, outcomes)
    return [outcome.result for outcome in outcomes]


def _understood(writer: Connection, calls: Sequence[LockedCall], drafts: Drafts, files: list[File]) -> list[Outcome]:
    """Return what follows from `calls`, with the facts of their recordings; add recordings to fetch to `files`."""
    interpreted = retired_calls.left_out(writer, [(call, _result(call, drafts)) for call in calls])
    stored = [call.records for call, _ in interpreted]
    results = recording_facts.with_facts(writer, [result for _, result in interpreted], stored, files)
    return [
        Outcome(result, call.relations, call.records, call.months)
        for result, (call, _) in zip(results, interpreted, strict=True)
    ]


def _talks(calls: Iterable[LockedCall], results: Iterable[Records]) -> Iterator[CallTalks]:
    """Return the talks of the calls that have results; those of other calls stay as they are."""
    stored = {call.key: call.talks for call in calls}
    for result in results:
        yield CallTalks(result.call, stored[result.call], frozenset(result.talks))


def _result(call: LockedCall, drafts: Drafts) -> Records:
    result = drafts.final(call.key, call.events) or interpretation.records(call.key, call.events)
    if not call.interpreted_until:
        return result
    flag = overlong(interpretation.options(call.key.provider))
    return result._replace(interpreted_until=call.interpreted_until, flags=(flag,))


def _new_events(items: Iterable[Item], calls: Iterable[LockedCall]) -> Iterable[Event]:
    """Return the events of `items`, without those of webhooks that are stored under another call already.

    That happens when a message is delivered again after the registry has renamed its client.
    """
    read = {call.key: call.event_ids for call in calls if not call.interpreted_until}
    for item in items:
        if item.key not in read or item.message.raw.id in read[item.key]:
            yield from item.events
