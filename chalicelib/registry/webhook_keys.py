"""The keys in webhook addresses: an extension's id under a MAC, checked without any look-up.

A key is 32 characters of 0-9 and a-v, the Base32 with digits first (RFC 4648 section 7) of the extension's id
(4 bytes), the generation of the secret (1 byte) and 15 bytes of an HMAC-SHA256 over both and the provider's name.
A key reveals the extension's id, and lets its reader make no other key.
"""

from __future__ import annotations

import re
from base64 import b32hexencode
from struct import Struct
from typing import NamedTuple

from chalicelib import providers
from chalicelib.errors import Misconfigured
from chalicelib.macs import Mac, Secrets
from chalicelib.settings import Settings

_SHAPE = re.compile(r"[0-9a-v]{32}")
_HEAD = Struct(">IB")
_MAC = Mac("WEBHOOK_SECRETS", b"ringledger webhook key\0", 15)


class Key(NamedTuple):
    """The content of a genuine key."""

    extension: int
    generation: int


def issue(secrets: Secrets, provider: str, extension: int) -> str:
    """Return the key of an extension under the newest secret. Raises Misconfigured when there is none."""
    head = _HEAD.pack(extension, _MAC.newest(secrets))
    return b32hexencode(head + _MAC.sign(secrets, head + _encoded(provider))).decode().lower()


def verify(secrets: Secrets, provider: str, text: str) -> Key | None:
    """Return the content of the key `text`, or None when it is not one of ours for `provider`.

    Raises Misconfigured when there are no secrets.
    """
    if not _SHAPE.fullmatch(text):
        return None
    # Equal to decoding Base32, which is written in Python and ten times slower.
    content = int(text, 32).to_bytes(_HEAD.size + _MAC.size, "big")
    head, mac = content[: _HEAD.size], content[_HEAD.size :]
    key = Key(*_HEAD.unpack(head))
    return key if _MAC.verify(secrets, key.generation, head + _encoded(provider), mac) else None


def address(settings: Settings, provider: str, extension: int) -> str:
    """Return the whole address to give to the PBX; `provider` is the name of one.

    Raises Misconfigured without PUBLIC_URL or WEBHOOK_SECRETS.
    """
    if not settings.public_url:
        raise Misconfigured("PUBLIC_URL is not set: it is where providers reach the API, such as https://calls.example")
    key = issue(settings.webhook_secrets, provider, extension)
    known = providers.find(provider)
    path = known.address if known else f"webhooks/{provider}"
    return f"{settings.public_url}/{path}/{key}"


def _encoded(provider: str) -> bytes:
    return provider.encode(errors="replace")
