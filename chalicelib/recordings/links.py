"""Lasting links to a call's recording: the call's id under a MAC, so that whoever holds one needs no token.

The key of a link is 32 characters of Base64 for addresses (RFC 4648 section 5): the generation of its secret (1 byte),
the second at which it ends (4 bytes, 0 for never) and 19 bytes of an HMAC-SHA256 over these and the call's id. A link
in one word, for protocols that have room for nothing else, is 44 characters: the call's id, the generation and 16
bytes of the MAC.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from enum import Enum
from struct import Struct
from urllib.parse import quote
from uuid import UUID

from chalicelib.errors import Misconfigured
from chalicelib.macs import Mac, Secrets

PATH = "/rest/v1/journal/calls/{inviteid}/attachment1"

_KEY = re.compile(r"[A-Za-z0-9_-]{32}")
_SINGLE = re.compile(r"[A-Za-z0-9_-]{44}")
_HEAD = Struct(">BI")
_LAST_SECOND = 2**32 - 1
_MAC = Mac("LINK_SECRETS", b"ringledger recording link\0", 19)
_SINGLE_MAC = Mac("LINK_SECRETS", b"ringledger recording in one word\0", 16)


class Verdict(Enum):
    """What a key is worth; only one that was ours can have expired."""

    GENUINE = "genuine"
    EXPIRED = "expired"
    FORGED = "forged"


def code(secrets: Secrets, inviteid: UUID, expires: datetime | None = None) -> str:
    """The key of a link to this call under the newest secret, until `expires` (naive UTC) or for good.

    Raises Misconfigured when there is no secret.
    """
    head = _HEAD.pack(_MAC.newest(secrets), _second(expires) if expires else 0)
    return _text(head + _MAC.sign(secrets, head + inviteid.bytes))


def verify(secrets: Secrets, inviteid: UUID, key: str, now: datetime) -> Verdict:
    """What `key` is worth for this call at `now`, naive UTC. Raises Misconfigured as above."""
    if not _KEY.fullmatch(key):
        return Verdict.FORGED
    content = urlsafe_b64decode(key)
    head, mac = content[: _HEAD.size], content[_HEAD.size :]
    generation, last = _HEAD.unpack(head)
    if not _MAC.verify(secrets, generation, head + inviteid.bytes, mac):
        return Verdict.FORGED
    return Verdict.EXPIRED if last and last <= _second(now) else Verdict.GENUINE


def recording_url(public_url: str, secrets: Secrets, inviteid: UUID, expires: datetime | None = None) -> str:
    """The whole address under which the recording plays. Raises Misconfigured without PUBLIC_URL or LINK_SECRETS."""
    if not public_url:
        raise Misconfigured("PUBLIC_URL is not set: it is where clients reach the API, such as https://calls.example")
    return f"{public_url}{PATH.format(inviteid=inviteid)}?key={quote(code(secrets, inviteid, expires))}"


def single(secrets: Secrets, inviteid: UUID) -> str:
    """A link to this call in one word, which names the call itself. Raises Misconfigured as above."""
    head = inviteid.bytes + bytes([_SINGLE_MAC.newest(secrets)])
    return _text(head + _SINGLE_MAC.sign(secrets, head))


def read_single(secrets: Secrets, text: str) -> UUID | None:
    """The call that a link in one word names, or None when it is not one of ours. Raises Misconfigured as above."""
    if not _SINGLE.fullmatch(text):
        return None
    content = urlsafe_b64decode(text)
    head, mac = content[: -_SINGLE_MAC.size], content[-_SINGLE_MAC.size :]
    return UUID(bytes=head[:-1]) if _SINGLE_MAC.verify(secrets, head[-1], head, mac) else None


def _second(moment: datetime) -> int:
    return min(max(1, int(moment.replace(tzinfo=UTC).timestamp())), _LAST_SECOND)


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode("ascii")
