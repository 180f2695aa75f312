"""The envelope in which a webhook travels through the queue `call-events`: its own bytes in ASCII JSON."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass

from chalicelib.calls.events import Raw
from chalicelib.texts import encodable

VERSION = 1


@dataclass(frozen=True)
class Envelope:
    """One message as its JSON has it. `reading.Received` validates the same members."""

    # Repeats reading.Received: the accepting Lambda starts without pydantic; a test compares the members.
    id: str
    accepted: str  # ISO 8601 in UTC with microseconds
    provider: str
    extension: int
    generation: int
    method: str
    query: str
    content_type: str
    content_encoding: str
    body: str  # Base64
    quarantine: str = ""  # why the webhook could not be understood; empty when it could
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Message:
    """One queued webhook and the address it came to; `text` is the queue's own, `quarantine` as in the envelope."""

    raw: Raw
    extension: int
    generation: int
    text: str = ""
    quarantine: str = ""


def written(raw: Raw, extension: int, generation: int, quarantine: str = "") -> str:
    """Return the message for `raw`, posted to the address of `extension` under the secret of `generation`."""
    envelope = Envelope(
        id=raw.id,
        accepted=f"{raw.accepted_at.isoformat(timespec='microseconds')}Z",
        provider=raw.provider,
        extension=extension,
        generation=generation,
        method=raw.method,
        query=raw.query,
        content_type=raw.content_type,
        content_encoding=raw.content_encoding,
        body=b64encode(raw.body).decode("ascii"),
        # A reason may quote a name with half a surrogate pair, which is not JSON to every reader.
        quarantine=encodable(quarantine),
    )
    members = vars(envelope)
    return json.dumps(members if quarantine else {name: members[name] for name in members if name != "quarantine"})
