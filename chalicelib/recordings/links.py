"""Makes and checks lasting links to a call's recording: the call's id under a MAC, so that no token is needed.

The key of a link is 32 characters of URL-safe Base64 (RFC 4648 section 5): the generation of its secret (1 byte), the
second at which it expires (4 bytes, 0 for never) and 19 bytes of an HMAC-SHA256 over these and the call's id. A code,
for protocols that have room for a single word, is 44 characters: the call's id, the generation, 16 bytes of the MAC.
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
_CODE = re.compile(r"[A-Za-z0-9_-]{44}")
_HEAD = Struct(">BI")
_LAST_SECOND = 2**32 - 1
_MAC = Mac("LINK_SECRETS", b"ringledger recording link\0", 19)
_CODE_MAC = Mac("LINK_SECRETS", b"ringledger recording in one word\0", 16)


class LinkVerdict(Enum):
    """The result of checking a key. Only a genuine key can have expired."""

    GENUINE = "genuine"
    EXPIRED = "expired"
    FORGED = "forged"


def key(secrets: Secrets, inviteid: UUID, expires: datetime | None = None) -> str:
    """Return the key of a link to the call, valid until `expires` (naive UTC) or for ever.

    Raises Misconfigured when LINK_SECRETS is not set.
    """
    head = _HEAD.pack(_MAC.newest(secrets), _second(expires) if expires else 0)
    return _base64(head + _MAC.sign(secrets, head + inviteid.bytes))


def verify(secrets: Secrets, inviteid: UUID, key: str, now: datetime) -> LinkVerdict:
    """Check `key` for the call at `now`, naive UTC. Raises Misconfigured when LINK_SECRETS is not set."""
    if not _KEY.fullmatch(key):
        return LinkVerdict.FORGED
    content = urlsafe_b64decode(key)
    head, mac = content[: _HEAD.size], content[_HEAD.size :]
    generation, last = _HEAD.unpack(head)
    if not _MAC.verify(secrets, generation, head + inviteid.bytes, mac):
        return LinkVerdict.FORGED
    return LinkVerdict.EXPIRED if last and last <= _second(now) else LinkVerdict.GENUINE


def recording_url(public_url: str, secrets: Secrets, inviteid: UUID, expires: datetime | None = None) -> str:
    """Return the URL that plays the recording of the call.

    Raises Misconfigured when PUBLIC_URL or LINK_SECRETS is not set.
    """
    if not public_url:
        raise Misconfigured("PUBLIC_URL is not set: it is where clients reach the API, such as https://calls.example")
    return f"{public_url}{PATH.format(inviteid=inviteid)}?key={quote(key(secrets, inviteid, expires))}"


def call_code(secrets: Secrets, inviteid: UUID) -> str:
    """Return the code of the call, which contains its id. Raises Misconfigured when LINK_SECRETS is not set."""
    head = inviteid.bytes + bytes([_CODE_MAC.newest(secrets)])
    return _base64(head + _CODE_MAC.sign(secrets, head))


def read_call_code(secrets: Secrets, text: str) -> UUID | None:
    """Return the call that a code names, or None when the code is not genuine.

    Raises Misconfigured when LINK_SECRETS is not set.
    """
    if not _CODE.fullmatch(text):
        return None
    content = urlsafe_b64decode(text)
    head, mac = content[: -_CODE_MAC.size], content[-_CODE_MAC.size :]
    return UUID(bytes=head[:-1]) if _CODE_MAC.verify(secrets, head[-1], head, mac) else None


def _second(moment: datetime) -> int:
    return min(max(1, int(moment.replace(tzinfo=UTC).timestamp())), _LAST_SECOND)


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode("ascii")
