"""What the queue `call-events` carries, read: a webhook's own bytes, and who received them when."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from chalicelib.calls.events import Raw
from chalicelib.errors import RingledgerError

VERSION = 1


class UnreadableMessage(RingledgerError):
    """The message is not of the shape in which webhooks are queued."""

    code = "unreadable-message"


@dataclass(frozen=True, slots=True)
class Message:
    """One queued webhook; `quarantine` says why it could not be understood when it was accepted, or is empty."""

    raw: Raw
    extension: int
    generation: int
    text: str = ""
    quarantine: str = ""


def read(text: str) -> Message:
    """The webhook that `text` carries. Raises UnreadableMessage."""
    try:
        content = json.loads(text)
        if content["version"] != VERSION:
            raise UnreadableMessage(f"The message has version {content['version']}; this is the reader of {VERSION}")
        return Message(
            raw=Raw(
                id=str(UUID(content["id"])),
                accepted_at=datetime.fromisoformat(content["accepted"]).astimezone(UTC).replace(tzinfo=None),
                provider=content["provider"],
                method=content["method"],
                query=content["query"],
                content_type=content["content_type"],
                body=b64decode(content["body"], validate=True),
                content_encoding=str(content.get("content_encoding", "")),
            ),
            extension=int(content["extension"]),
            generation=int(content["generation"]),
            text=text,
            quarantine=content.get("quarantine", ""),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise UnreadableMessage(f"The message cannot be read: {fault!r}") from None


def retried(text: str) -> Message:
    """The same, to be tried again whatever was said of it when it was accepted. Raises UnreadableMessage."""
    return replace(read(text), quarantine="")
