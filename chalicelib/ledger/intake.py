"""The intake of a batch: the registry tells who posted each webhook, and its provider's reader what it reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from chalicelib import providers
from chalicelib.calls.events import CallKey, Event, Raw, Source, Unreadable
from chalicelib.calls.records import Row, Table
from chalicelib.envelope.messages import Message
from chalicelib.platform.postgres import Connection
from chalicelib.providers import Reading
from chalicelib.registry import extensions
from chalicelib.registry.extensions import Sender


class Item(NamedTuple):
    """A webhook to store: its call (with an empty id where it belongs to none), and its events or ready rows."""

    message: Message
    key: CallKey
    events: tuple[Event, ...] = ()
    rows: tuple[tuple[Table, Row], ...] = ()


@dataclass(frozen=True, slots=True)
class RefusedWebhook:
    """A webhook that is not understood, and the reason."""

    message: Message
    reason: str


@dataclass
class Intake:
    """A batch of webhooks, sorted into those to store and those to refuse."""

    items: list[Item] = field(default_factory=list)
    refused: list[RefusedWebhook] = field(default_factory=list)


def read(writer: Connection, messages: Sequence[Message]) -> Intake:
    """Return what `messages` report, as the registry knows their senders now."""
    intake = Intake()
    readings: list[tuple[Message, Reading]] = []
    for message in messages:
        try:
            readings.append((message, _reading(message)))
        except Unreadable as refusal:
            intake.refused.append(RefusedWebhook(message, refusal.message))
    senders = _senders(writer, readings)
    for message, reading in readings:
        try:
            intake.items.extend(_items(message, reading, senders.get(message.extension)))
        except Unreadable as refusal:
            intake.refused.append(RefusedWebhook(message, refusal.message))
    return intake


def _reading(message: Message) -> Reading:
    if message.quarantine:
        raise Unreadable(message.quarantine)
    return providers.read(message.raw)


def _senders(writer: Connection, readings: Iterable[tuple[Message, Reading]]) -> dict[int, Sender]:
    ids: set[int] = set()
    named: set[tuple[int, str]] = set()
    for message, reading in readings:
        ids.add(message.extension)
        named.update((message.extension, number) for number in providers.named_numbers(reading))
    return extensions.senders(writer, ids, named)


def _items(message: Message, reading: Reading, sender: Sender | None) -> list[Item]:
    """Return a webhook with its events or rows, or one for each call that it reports. Raises Unreadable."""
    provider = message.raw.provider
    if sender is None or sender.source.provider != provider:
        raise Unreadable(f"The registry has no extension {message.extension} of {provider}")
    source = sender.source
    if _was_revoked(source, message.raw.accepted_at):
        raise Unreadable(f"Extension {message.extension} was revoked before")
    if providers.posts_rows(provider):
        return [Item(message, _key(source, ""), rows=tuple(reading.content))]
    inner = sender.inner_numbers & providers.named_numbers(reading) if sender.inner_numbers else frozenset()
    if inner:
        message = replace(message, raw=replace(message.raw, inner_numbers=inner))
    return [_item(message, raw, part, source) for raw, part in providers.divided(reading, message.raw)]


def _item(message: Message, raw: Raw, reading: Reading, source: Source) -> Item:
    own = message if raw is message.raw else replace(message, raw=raw)
    events = providers.events(reading, raw, source)
    return Item(own, _key(source, events[0].call_id if events else ""), tuple(events))


def _was_revoked(source: Source, accepted_at: datetime) -> bool:
    return source.revoked_at is not None and source.revoked_at <= accepted_at


def _key(source: Source, call_id: str) -> CallKey:
    return CallKey(source.provider, source.client, call_id.replace("\0", ""))
