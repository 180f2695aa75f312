"""The keys in webhook addresses: an extension's id under a MAC, checked without asking anybody.

A key is 32 characters of 0-9 and a-v, the Base32 with digits first (RFC 4648 section 7) of the extension's id
(4 bytes), the generation of the secret (1 byte) and 15 bytes of an HMAC-SHA256 over both and the provider's name.
Whoever reads one learns the id, and can make no other.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32hexencode
from struct import Struct
from typing import NamedTuple

from chalicelib.errors import Misconfigured
from chalicelib.settings import Settings

#: Pairs of generation and secret, the newest first: new keys are made with it, and those of the others still hold.
Secrets = tuple[tuple[int, str], ...]

_SHAPE = re.compile(r"[0-9a-v]{32}")
_HEAD = Struct(">IB")
_MAC_BYTES = 15
# The address that Telphin's own documents recommend.
_PATHS = {"telphin": "ext-event"}
_PURPOSE = b"ringledger webhook key\0"


class Key(NamedTuple):
    """What a genuine key says."""

    extension: int
    generation: int


def issue(secrets: Secrets, provider: str, extension: int) -> str:
    """The key of the extension with this id, under the newest secret. Raises Misconfigured when there is none."""
    generation, secret = _known(secrets)[0]
    head = _HEAD.pack(extension, generation)
    return b32hexencode(head + _mac(secret, head, provider)).decode().lower()


def verify(secrets: Secrets, provider: str, text: str) -> Key | None:
    """What the key `text` says, or None when it is not one of ours for `provider`. Raises Misconfigured as above."""
    known = dict(_known(secrets))
    if not _SHAPE.fullmatch(text):
        return None
    # The same as Base32's decoding, which is written in Python and ten times slower.
    content = int(text, 32).to_bytes(_HEAD.size + _MAC_BYTES, "big")
    head, mac = content[: _HEAD.size], content[_HEAD.size :]
    key = Key(*_HEAD.unpack(head))
    # A generation that is gone is computed too, so that the time tells nothing about which ones there are.
    genuine = hmac.compare_digest(mac, _mac(known.get(key.generation, ""), head, provider))
    return key if genuine and key.generation in known else None


def address(settings: Settings, provider: str, extension: int) -> str:
    """The whole address to give to the PBX. Raises Misconfigured when PUBLIC_URL or WEBHOOK_SECRETS is not set."""
    if not settings.public_url:
        raise Misconfigured("PUBLIC_URL is not set: it is where providers reach the API, such as https://calls.example")
    key = issue(settings.webhook_secrets, provider, extension)
    return f"{settings.public_url}/{_PATHS.get(provider, f'webhooks/{provider}')}/{key}"


def _known(secrets: Secrets) -> Secrets:
    if not secrets:
        raise Misconfigured(
            "WEBHOOK_SECRETS is not set: pairs generation:secret, the newest first, such as 1:<output of `openssl rand"
            " -hex 32`>; `make run` writes that of its own into .local/environment"
        )
    return secrets


def _mac(secret: str, head: bytes, provider: str) -> bytes:
    return hmac.digest(secret.encode(), _PURPOSE + head + provider.encode(errors="replace"), "sha256")[:_MAC_BYTES]
