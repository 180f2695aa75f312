"""Reads messages of the queue `call-events`; the accepting Lambda does not load this module."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BeforeValidator, ConfigDict, ValidationError

from chalicelib.calls.events import Raw
from chalicelib.envelope.messages import VERSION, Message
from chalicelib.errors import RingledgerError
from chalicelib.platform.models import DeferredModel


class UnreadableMessage(RingledgerError):
    """The message is not of the shape in which webhooks are queued."""

    code = "unreadable-message"


def _moment(value: object) -> datetime:
    # pydantic's own datetime would take "20261120" as seconds since 1970.
    if not isinstance(value, str):
        raise ValueError("a time in ISO 8601 is needed")  # noqa: TRY004 - pydantic catches this one
    return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)


def _content(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("Base64 is needed")  # noqa: TRY004 - as above
    return b64decode(value, validate=True)


class Received(DeferredModel):
    """The envelope as its reader needs it; members that a later version adds are ignored."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1]
    id: UUID
    accepted: Annotated[datetime, BeforeValidator(_moment)]
    provider: str
    extension: int
    generation: int
    method: str
    query: str
    content_type: str
    content_encoding: str = ""
    body: Annotated[bytes, BeforeValidator(_content)]
    quarantine: str = ""


def read(text: str) -> Message:
    """Return the webhook that `text` carries. Raises UnreadableMessage."""
    try:
        received = Received.model_validate_json(text)
    except ValidationError as fault:
        raise UnreadableMessage(_reason(fault)) from None
    raw = Raw(
        id=str(received.id),
        accepted_at=received.accepted,
        provider=received.provider,
        method=received.method,
        query=received.query,
        content_type=received.content_type,
        body=received.body,
        content_encoding=received.content_encoding,
    )
    return Message(raw, received.extension, received.generation, text, received.quarantine)


def read_again(text: str) -> Message:
    """Return the webhook without the mark of quarantine that it got when it was accepted. Raises UnreadableMessage."""
    return replace(read(text), quarantine="")


def _reason(fault: ValidationError) -> str:
    first = fault.errors(include_url=False, include_context=False)[0]
    if first["loc"] == ("version",) and first["type"] == "literal_error":
        return f"The message has version {first['input']}; this is the reader of {VERSION}"
    place = ".".join(map(str, first["loc"])) or "the message"
    return f"The message cannot be read: {place}: {first['msg']}"
