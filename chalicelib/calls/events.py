"""The vocabulary of the domain: an accepted webhook (Raw), its sender (Source), and what it reports (Event)."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from operator import attrgetter
from typing import NamedTuple

from chalicelib.errors import RingledgerError

#: The method of the raw event with which Ringledger closes a call; no HTTP surface accepts it.
CLOSE = "CLOSE"


#: The types of extensions, and so of the devices that send events.
PHONE = "phone"
IVR = "ivr"
QUEUE = "queue"


class Kind(StrEnum):
    """The type of an event, independent of the provider's own name for it."""

    DIAL_IN = "dial_in"  # a device is being called
    DIAL_OUT = "dial_out"  # a device, or the PBX on its behalf, places a call
    ANSWER = "answer"  # the leg was picked up
    HANGUP = "hangup"  # the leg is over
    PREMEDIA_START = "premedia_start"  # an announcement to one side begins
    PREMEDIA_END = "premedia_end"  # that announcement is over
    TALK = "talk"  # both sides hear each other
    AGENT_STATE = "agent_state"  # a queue's agent logged in or out; belongs to no call
    CLOSED = "closed"  # Ringledger stopped waiting for further events
    OTHER = "other"  # anything else: stored raw, never an error

    # Enum's own hash takes ten times as long, and the rules compare kinds all the time.
    __hash__ = str.__hash__


# Looking up an enumeration's member takes longer than comparing with it.
_HANGUP = Kind.HANGUP

#: The kinds with which a call usually begins.
BEGINNINGS = frozenset({Kind.DIAL_IN, Kind.DIAL_OUT, Kind.PREMEDIA_START})


class CallKey(NamedTuple):
    """The key of one call; `id` is the provider's id of the call, empty for events that belong to no call."""

    provider: str
    client: str
    id: str


@dataclass(frozen=True, slots=True)
class Raw:
    """One accepted webhook as it arrived; times are naive UTC.

    `inner_numbers` are the short numbers in it that were extensions of the client when it was accepted.
    """

    id: str
    accepted_at: datetime
    provider: str
    method: str = "POST"
    query: str = ""
    content_type: str = ""
    body: bytes = b""
    content_encoding: str = ""
    inner_numbers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Source:
    """The registered extension, or PBX, whose address received a webhook; `type` is phone, ivr or queue."""

    id: int
    provider: str
    client: str
    name: str
    type: str = "phone"
    owner: str = ""
    external_only: bool = False
    revoked_at: datetime | None = None
    #: The PBX's trunks, separated by blanks, of a provider whose key covers a whole PBX.
    trunks: str = ""


class Unreadable(RingledgerError):
    """The webhook cannot be read; the message is for its sender, and for the operator who finds it in quarantine."""

    code = "not-understood"
    status = 400


class Event(NamedTuple):
    """One event of a call in Ringledger's vocabulary; what the provider did not send is empty or None.

    Times are naive UTC with microseconds. Two events with one `identity` are one event that the provider sent twice;
    `content` (the whole webhook, or a hash of it) decides between them and orders events of equal time. `duration` is
    read as microseconds; `duration_in_clock_unit` is the same number in the unit of EventTime where that is another.
    """

    provider: str
    client: str
    call_id: str
    leg_id: str
    kind: Kind
    at: datetime
    accepted_at: datetime
    identity: Hashable
    content: str
    # The extension that sent it.
    extension: str = ""
    device: str = ""
    owner: str = ""  # who uses it, as the registry knows
    external_only: bool = False
    # The parties.
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
    # The outcome.
    status: str = ""  # the provider's own word, in capitals
    bridged: bool | None = None
    duration: timedelta | None = None
    duration_in_clock_unit: timedelta | None = None
    recording: str = ""
    cause: int | None = None  # Q.850
    side: str = ""  # a or b
    # An agent's new state.
    agent: str = ""
    state: str = ""
    changed_by: str = ""
    # Facts that have no column of their own, for the side table.
    notes: tuple[tuple[str, str], ...] = ()
    # What this provider's own rules need beyond the vocabulary, immutable.
    details: object = None
    # The names of what takes part in this call and in no other, such as its channels: two ids of calls that share one
    # of them are ids of one call. Empty for providers whose calls have one id each.
    parts: tuple[str, ...] = ()

    @property
    def call(self) -> CallKey:
        """The call that this event belongs to."""
        return CallKey(self.provider, self.client, self.call_id)

    @property
    def is_mistyped(self) -> bool:
        """Tell whether the sender is no phone, as which it is registered: only IVRs and queues send Bridged."""
        return self.bridged is not None and self.kind is _HANGUP and self.device == PHONE

    @property
    def order(self) -> tuple[datetime, str]:
        """The position among the call's events: a total order that does not depend on delivery."""
        return (self.at, self.content)


def fingerprint(*parts: str) -> str:
    """Return a short hash of `parts` that differs between ("a", "bc") and ("ab", "c")."""
    framed = "".join([f"{len(part)}:{part}" for part in parts])
    return blake2b(framed.encode(), digest_size=16).hexdigest()


def deduplicated(events: Iterable[Event]) -> list[Event]:
    """Return each event once, in order of time; of several with one identity the earliest stays."""
    kept: dict[Hashable, Event] = {}
    for event in events:
        known = kept.get(event.identity)
        if known is None or event.order < known.order:
            kept[event.identity] = event
    return sorted(kept.values(), key=attrgetter("at", "content"))


def closing(call_id: str, at: datetime) -> bytes:
    """Return the body of the raw event (method CLOSE) that closes a call as of `at`, naive UTC."""
    return json.dumps({"call_id": call_id, "at": at.isoformat()}).encode()


def closed(raw: Raw, source: Source) -> Event:
    """Return the event in a body that `closing` made."""
    content = json.loads(raw.body)
    return Event(
        provider=source.provider,
        client=source.client,
        call_id=content["call_id"],
        leg_id="",
        kind=Kind.CLOSED,
        at=datetime.fromisoformat(content["at"]),
        accepted_at=raw.accepted_at,
        identity=fingerprint(source.provider, source.client, content["call_id"], Kind.CLOSED, content["at"]),
        content=fingerprint(raw.body.decode()),
    )
