"""The local stack's telephony: extensions of each provider, their keys, and a Telphin to order events from."""

from __future__ import annotations

from typing import Any

from chalicelib import providers
from chalicelib.registry import extensions, webhook_keys
from chalicelib.registry.extensions import ExtensionDescription
from chalicelib.settings import Settings
from infra.local.telphin_server import TelphinServer

APPLICATION = "local-application"
#: The month of the demonstration has just been taken in, and its calls need no rest before they are sent.
SETTLED = {"REPLICATION_SETTLED_SECONDS": "1"}
EXTENSIONS = {
    "phone": ExtensionDescription(
        "telphin", "13596", "13596*106", "phone", "Anna", remote_id="1138241", agent_id="136"
    ),
    "ivr": ExtensionDescription("telphin", "13596", "13596*099", "ivr", "the menu", remote_id="1138099"),
    "queue": ExtensionDescription("telphin", "13596", "13596*200", "queue", "sales", remote_id="1138200"),
    "mtt": ExtensionDescription("mtt", "79586488002", "79586488002", "phone", "the shop"),
    "native": ExtensionDescription("native", "migration", "old-pbx", "phone", "the old PBX"),
}


def provider(secret: str) -> TelphinServer:
    """Return a provider that accepts the application with this secret."""
    return TelphinServer(APPLICATION, secret, frozenset({EXTENSIONS["ivr"].remote_id}))


def provider_settings(url: str, secret: str) -> dict[str, str]:
    """Return the settings that lead to it."""
    application = {"TELPHIN_URL": url, "TELPHIN_CLIENT_ID": APPLICATION, "TELPHIN_CLIENT_SECRET": secret}
    return {**application, "RECORDING_LOOPBACK": "yes"}


def descriptions() -> dict[str, ExtensionDescription]:
    """Return the extensions by the names that stack.json gives them, at least one of each provider."""
    described = {description.provider for description in EXTENSIONS.values()}
    others = [name for name in providers.NAMES if name not in described]
    return EXTENSIONS | {name: ExtensionDescription(name, "office", "pbx") for name in others}


def facts(settings: Settings) -> dict[str, dict[str, Any]]:
    """Register the extensions, and return their keys and facts as stack.json has them."""
    described = descriptions()
    put = extensions.put(settings.owner_database_url, list(described.values()), lambda _: None)
    registered = dict(zip(described, put, strict=True))
    keys = {
        name: webhook_keys.issue(settings.webhook_secrets, extension.description.provider, extension.id)
        for name, extension in registered.items()
    }
    telphin = {name: keys.pop(name) for name, description in described.items() if description.provider == "telphin"}
    return {
        "webhook_keys": {"telphin": telphin, **keys},
        "extensions": {
            name: {
                "id": extension.id,
                "client": extension.description.client,
                "name": extension.description.name,
                "type": extension.description.type,
            }
            for name, extension in registered.items()
        },
    }
