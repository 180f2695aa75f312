"""The description of a provider: everything that Ringledger needs to know about one kind of PBX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from chalicelib.calls.correlation import Rules
from chalicelib.calls.events import Event, Raw, Source
from chalicelib.calls.options import DEFAULT_OPTIONS, Options


class Reply(NamedTuple):
    """The answer that a provider expects to an accepted webhook."""

    body: str = ""
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"


class Covers(StrEnum):
    """The part of a PBX that one webhook key stands for."""

    EXTENSION = "extension"
    PBX = "pbx"


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One kind of PBX. Each module of this package defines one as `PROVIDER`.

    `read` turns a webhook in plain UTF-8 into content of the provider's own type, or raises Unreadable; it asks no
    registry. `events` turns content into call events; a provider without it posts ready rows, which are its content.
    `divide` splits a webhook that reports several calls into one for each call, with its content.
    `named_numbers` finds the short numbers in content whose meaning depends on the client's extensions.
    `rules` make records of one call's events. `reply` answers the sender of an accepted webhook.
    """

    name: str
    read: Callable[[Raw], Any]
    reply: Callable[[Raw, Any], Reply]
    events: Callable[[Raw, Source, Any], list[Event]] | None = None
    rules: Rules | None = None
    divide: Callable[[Raw, Any], list[tuple[Raw, Any]]] | None = None
    named_numbers: Callable[[Any], set[str]] | None = None
    #: A call can have several ids, which `Event.parts` connect.
    joins_calls: bool = False
    #: How calls are interpreted, the largest number of events of one call among it.
    options: Options = DEFAULT_OPTIONS
    #: The part of the address before the key; empty for `webhooks/NAME`.
    path: str = ""
    #: The PBX uploads the files of its recordings, which cannot be fetched from it.
    uploads_recordings: bool = False
    key_covers: Covers = Covers.EXTENSION

    @property
    def address(self) -> str:
        """Return the part of a webhook's address before the key."""
        return self.path or f"webhooks/{self.name}"
