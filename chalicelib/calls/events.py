"""The vocabulary of the domain: what came in (Raw), from whom (Source), and what it says (Event)."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from operator import attrgetter
from typing import NamedTuple

#: The method of the raw event by which `maintain` closes a call; no HTTP surface accepts it.
CLOSE = "CLOSE"


class Kind(StrEnum):
    """What an event says happened, whatever its provider calls it."""

    DIAL_IN = "dial_in"  # a device is being called
    DIAL_OUT = "dial_out"  # a device, or the PBX on its behalf, calls somebody
    ANSWER = "answer"  # the leg was picked up
    HANGUP = "hangup"  # the leg is over
    PREMEDIA_START = "premedia_start"  # a side began to hear an announcement
    PREMEDIA_END = "premedia_end"  # and heard it
    TALK = "talk"  # both sides hear each other
    AGENT_STATE = "agent_state"  # a queue's agent came or went; belongs to no call
    CLOSED = "closed"  # Ringledger itself gave up waiting for the call's end
    OTHER = "other"  # anything else: kept raw, never an error

    # An enumeration's own takes ten times as long, and rules ask for kinds all the time.
    __hash__ = str.__hash__


#: By which of them a call is heard of first, as a rule.
BEGINNINGS = frozenset({Kind.DIAL_IN, Kind.DIAL_OUT, Kind.PREMEDIA_START})


class CallKey(NamedTuple):
    """What holds the events of one call together; `id` is empty for events that belong to no call."""

    provider: str
    client: str
    id: str


@dataclass(frozen=True, slots=True)
class Raw:
    """One accepted webhook as it came; times are naive UTC."""

    id: str
    accepted_at: datetime
    provider: str
    method: str = "POST"
    query: str = ""
    content_type: str = ""
    body: bytes = b""
    content_encoding: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """What the registry knows of the extension whose address received a webhook; `type` is phone, ivr or queue."""

    id: int
    provider: str
    client: str
    name: str
    type: str = "phone"
    owner: str = ""
    external_only: bool = False
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unparsed:
    """Why a webhook could not be understood, in a sentence for its sender."""

    reason: str


class Event(NamedTuple):
    """One thing that happened, in Ringledger's words; what the provider did not say is empty or None.

    Times are naive UTC with microseconds. Two events with the same `identity` are one event that the provider
    sent twice; `content` (all that the webhook said, or a hash of it) decides between them and between equal times.
    """

    raw_id: str
    provider: str
    client: str
    call_id: str
    leg_id: str
    kind: Kind
    at: datetime
    accepted_at: datetime
    identity: Hashable
    content: str
    # Whose webhook it was.
    extension: str = ""
    device: str = ""
    external_only: bool = False
    # Who calls whom.
    flow: str = ""  # in or out, as the PBX sees the leg
    caller: str = ""
    caller_name: str = ""
    remote: str = ""  # the outside party behind a transferred call
    called: str = ""
    did: str = ""  # the public number that was called
    caller_extension: str = ""
    called_extension: str = ""
    between_extensions: bool = False  # both ends have an extension id of this PBX
    transferred: bool = False
    callback: str = ""
    # How it went.
    status: str = ""  # the provider's own word, in capitals
    bridged: bool | None = None
    duration: timedelta | None = None
    recording: str = ""
    cause: int | None = None  # Q.850
    side: str = ""  # a or b
    # Agents: who, and what they are now.
    agent: str = ""
    state: str = ""
    changed_by: str = ""
    # What has no column of its own, for the side table.
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def call(self) -> CallKey:
        """The call that this event belongs to."""
        return CallKey(self.provider, self.client, self.call_id)

    @property
    def order(self) -> tuple[datetime, str]:
        """Where it stands among its call's events; a total order that no delivery can change."""
        return (self.at, self.content)


def fingerprint(*parts: str) -> str:
    """A short hash of `parts` that tells ("a", "bc") from ("ab", "c")."""
    framed = "".join([f"{len(part)}:{part}" for part in parts])
    return blake2b(framed.encode(), digest_size=16).hexdigest()


def deduplicated(events: Iterable[Event]) -> list[Event]:
    """Each event once, in order of time; of several with one identity the earliest stays, then the smallest."""
    kept: dict[Hashable, Event] = {}
    for event in events:
        known = kept.get(event.identity)
        if known is None or event.order < known.order:
            kept[event.identity] = event
    return sorted(kept.values(), key=attrgetter("at", "content"))


def closing(call_id: str, at: datetime) -> bytes:
    """The body of the raw event (method CLOSE) that closes a call whose end never came, as of `at`."""
    return json.dumps({"call_id": call_id, "at": at.isoformat()}).encode()


def closed(raw: Raw, source: Source) -> Event:
    """The event that a body made by `closing` stands for."""
    content = json.loads(raw.body)
    return Event(
        raw_id=raw.id,
        provider=source.provider,
        client=source.client,
        call_id=content["call_id"],
        leg_id="",
        kind=Kind.CLOSED,
        at=datetime.fromisoformat(content["at"]),
        accepted_at=raw.accepted_at,
        # A call is closed once, by the earliest of its closings.
        identity=fingerprint(source.provider, source.client, content["call_id"], Kind.CLOSED),
        content=fingerprint(raw.body.decode()),
    )
