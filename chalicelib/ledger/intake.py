"""What messages come to before any row is touched: events to store, ready rows, and what is refused with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from chalicelib import providers
from chalicelib.calls.events import CallKey, Event, Source, Unparsed
from chalicelib.calls.records import Row, Table
from chalicelib.envelope.messages import Message


class Item(NamedTuple):
    """A webhook to be stored: the call it belongs to (with an empty id when to none), and what it tells."""

    message: Message
    key: CallKey
    events: tuple[Event, ...] = ()
    rows: tuple[tuple[Table, Row], ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A webhook that cannot be understood, and why."""

    message: Message
    reason: str


@dataclass
class Intake:
    """A batch, sorted out."""

    items: list[Item] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def sorted_out(messages: Iterable[Message], sources: Mapping[int, Source]) -> Intake:
    """What `messages` come to, as the registry's `sources` have it."""
    intake = Intake()
    for message in messages:
        found = _item(message, sources.get(message.extension))
        if isinstance(found, Unparsed):
            intake.refused.append(Refused(message, found.reason))
        else:
            intake.items.append(found)
    return intake


def _item(message: Message, source: Source | None) -> Item | Unparsed:
    raw = message.raw
    if message.quarantine:
        return Unparsed(message.quarantine)
    if source is None or source.provider != raw.provider:
        return Unparsed(f"The registry has no extension {message.extension} of {raw.provider}")
    if _was_revoked(source, raw.accepted_at):
        return Unparsed(f"Extension {message.extension} was revoked before")
    if providers.posts_rows(raw.provider):
        rows = providers.rows(raw)
        return rows if isinstance(rows, Unparsed) else Item(message, _key(source, ""), rows=tuple(rows))
    events = providers.parse(raw, source)
    if isinstance(events, Unparsed):
        return events
    return Item(message, _key(source, events[0].call_id if events else ""), tuple(events))


def _was_revoked(source: Source, accepted_at: datetime) -> bool:
    return source.revoked_at is not None and source.revoked_at <= accepted_at


def _key(source: Source, call_id: str) -> CallKey:
    return CallKey(source.provider, source.client, call_id.replace("\0", ""))
