"""Accept webhooks: each becomes a message in the queue, without any database, before its sender gets an answer."""

from __future__ import annotations

from chalicelib import providers
from chalicelib.calls.events import Raw, Unreadable
from chalicelib.envelope import messages
from chalicelib.errors import RingledgerError
from chalicelib.platform import signed_requests
from chalicelib.providers import Reading
from chalicelib.registry import revocations, webhook_keys
from chalicelib.registry.webhook_keys import Key
from chalicelib.settings import Settings


class AddressNotFound(RingledgerError):
    """No extension has this address: its key is mistyped, revoked, or of another provider."""

    code = "not-found"
    status = 404


def accept(raw: Raw, key_text: str, settings: Settings, notes: dict[str, object]) -> Reading:
    """Put the webhook `raw`, posted to the address with this key, into the queue, and return what it says.

    Raises AddressNotFound for an invalid key; Unreadable when the webhook cannot be read, although it is kept in
    quarantine; TooLarge when the queue cannot take that much; and Unavailable within three seconds when the queue takes
    nothing now, so that the sender repeats the request.
    """
    key = authentic(raw.provider, key_text, settings)
    notes |= {"provider": raw.provider, "extension": key.extension, "event": raw.id, "bytes": len(raw.body)}
    try:
        reading = providers.read(raw)
    except Unreadable as refusal:
        _send(raw, key, settings, refusal.message)
        raise Unreadable(f"{refusal.message}. The request is kept as {raw.id}") from None
    _send(raw, key, settings)
    return reading


def _send(raw: Raw, key: Key, settings: Settings, quarantine: str = "") -> None:
    signed_requests.send_message(
        settings.events_queue_url, messages.written(raw, key.extension, key.generation, quarantine)
    )


def authentic(provider: str, text: str, settings: Settings) -> Key:
    """Return the content of a key. Raises AddressNotFound when it is invalid or revoked."""
    key = webhook_keys.verify(settings.webhook_secrets, provider, text)
    if key is None or key.extension in revocations.current(settings.bucket, settings.revocation_cache_seconds):
        raise AddressNotFound
    return key
