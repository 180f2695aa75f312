"""A webhook becomes a message in the queue, with no look at any database; only then its sender hears so."""

from __future__ import annotations

from chalicelib import providers, revocations, webhook_keys
from chalicelib.calls.events import Raw
from chalicelib.errors import RingledgerError
from chalicelib.platform import queues
from chalicelib.settings import Settings
from chalicelib.webhook_keys import Key
from chalicelib.webhooks import messages


class AddressNotFound(RingledgerError):
    """No extension has this address: its key is mistyped, revoked, or of another provider."""

    code = "not-found"
    status = 404


class NotUnderstood(RingledgerError):
    """The request could not be understood."""

    code = "not-understood"
    status = 400


def accept(raw: Raw, key_text: str, settings: Settings, notes: dict[str, object]) -> None:
    """Put what a provider posted to the address with this key into the queue.

    Raises AddressNotFound for a key that is not valid; NotUnderstood when nothing can be read from it, which is kept
    in quarantine nevertheless; TooLarge when the queue cannot take that much, and Unavailable within three seconds
    when it takes nothing now: the sender should repeat it then.
    """
    key = _authentic(raw.provider, key_text, settings)
    notes |= {"provider": raw.provider, "extension": key.extension, "event": raw.id, "bytes": len(raw.body)}
    fault = providers.check(raw)
    queues.send(settings.events_queue_url, messages.wrapped(raw, key, fault.reason if fault else ""))
    if fault:
        raise NotUnderstood(f"{fault.reason}. The request is kept as {raw.id}")


def _authentic(provider: str, text: str, settings: Settings) -> Key:
    key = webhook_keys.verify(settings.webhook_secrets, provider, text)
    if key is None or key.extension in revocations.current(settings.bucket, settings.revocation_cache_seconds):
        raise AddressNotFound
    return key
