"""The providers: one module for each kind of PBX, loaded when its first webhook comes.

A new provider is a module with an object `PROVIDER`, and its name in NAMES; `docs/adding-a-provider.md` shows the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from itertools import chain
from types import ModuleType
from typing import Any, NamedTuple

from chalicelib.calls import correlation
from chalicelib.calls.events import CLOSE, Event, Raw, Source, Unreadable, closed
from chalicelib.calls.options import DEFAULT_OPTIONS, Options
from chalicelib.calls.records import Records
from chalicelib.providers import decoding
from chalicelib.providers.decoding import Plain
from chalicelib.providers.provider import Provider

NAMES = ("telphin", "mtt", "asterisk", "native")


class Reading(NamedTuple):
    """A webhook in UTF-8, and the content that its provider's reader found in it."""

    plain: Plain
    content: Any


@lru_cache(maxsize=16)
def _module(name: str) -> ModuleType:
    # Each webhook asks several times, and importlib takes a while to find that it has the module.
    return import_module(f"{__name__}.{name}")


def find(name: str) -> Provider | None:
    """Return the provider of this name, or None."""
    if name not in NAMES:
        return None
    provider: Provider = _module(name).PROVIDER
    return provider


def options(name: str) -> Options:
    """Return how calls of this provider are interpreted."""
    provider = find(name)
    return provider.options if provider else DEFAULT_OPTIONS


def read(raw: Raw) -> Reading:
    """Read `raw` without a registry, so that its sender can be answered at once. Raises Unreadable."""
    provider = find(raw.provider)
    if provider is None:
        raise Unreadable(f"Unknown provider {raw.provider}")
    plain = decoding.plain(raw)
    if plain.is_lossy and provider.events is None:
        # Ready rows have no facts beside them that could say so.
        raise Unreadable(f"The body cannot be decoded: {plain.notes[0][1]}")
    return Reading(plain, provider.read(plain.raw))


def parse(raw: Raw, source: Source) -> list[Event]:
    """Return the events that `raw`, posted to the address of `source`, reports. Raises Unreadable."""
    if raw.method == CLOSE:
        return [closed(raw, source)]
    provider = find(raw.provider)
    if provider is None or provider.events is None:
        raise Unreadable(f"Provider {raw.provider} sends no events")
    return events(read(raw), raw, source)


def events(reading: Reading, raw: Raw, source: Source) -> list[Event]:
    """Return the events that `raw`, whose reading this is, reports. Ready rows are no events."""
    provider, plain = find(raw.provider), reading.plain
    if provider is None or provider.events is None:
        return []
    own = replace(plain.raw, inner_numbers=raw.inner_numbers) if raw.inner_numbers else plain.raw
    reported = provider.events(own, source, reading.content)
    return [event._replace(notes=(*event.notes, *plain.notes)) for event in reported] if plain.notes else reported


def named_numbers(reading: Reading) -> set[str]:
    """Return the short numbers in a webhook that are internal if its client has extensions of these names."""
    provider = find(reading.plain.raw.provider)
    return provider.named_numbers(reading.content) if provider and provider.named_numbers else set()


def divided(reading: Reading, raw: Raw) -> list[tuple[Raw, Reading]]:
    """Return a webhook and its reading for each call that it reports: the webhook itself, if that is one call."""
    provider = find(reading.plain.raw.provider)
    if provider is None or provider.divide is None:
        return [(raw, reading)]
    own = replace(reading.plain.raw, id=raw.id, accepted_at=raw.accepted_at)
    parts = provider.divide(own, reading.content)
    if len(parts) == 1:
        return [(raw, reading)]
    return [(part, Reading(Plain(part, reading.plain.notes), content)) for part, content in parts]


def joins_calls(name: str) -> bool:
    """Return whether a call of this provider can have several ids."""
    provider = find(name)
    return provider is not None and provider.joins_calls


def posts_rows(name: str) -> bool:
    """Return whether this provider posts ready rows instead of events."""
    provider = find(name)
    return provider is not None and provider.events is None


def correlate(events: Iterable[Event], options: Options | None = None) -> Records:
    """Return the records of one call by its provider's rules. There must be one event at least."""
    remaining = iter(events)
    first = next(remaining)
    provider = find(first.provider)
    if provider is None:
        return Records(first.call)
    return correlation.correlate(chain([first], remaining), provider.rules, options or provider.options)
