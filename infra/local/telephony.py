"""The local stack's telephony: extensions of each provider, their keys, and a Telphin to order events from."""

from __future__ import annotations

from typing import Any

from chalicelib.registry import extensions, webhook_keys
from chalicelib.registry.extensions import Description
from chalicelib.settings import Settings
from infra.local.provider import Provider

APPLICATION = "local-application"
EXTENSIONS = {
    "phone": Description("telphin", "13596", "13596*106", "phone", "Anna", remote_id="1138241", agent_id="136"),
    "ivr": Description("telphin", "13596", "13596*099", "ivr", "the menu", remote_id="1138099"),
    "queue": Description("telphin", "13596", "13596*200", "queue", "sales", remote_id="1138200"),
    "mtt": Description("mtt", "79586488002", "79586488002", "phone", "the shop"),
    "native": Description("native", "migration", "old-pbx", "phone", "the old PBX"),
}


def provider(secret: str) -> Provider:
    """A provider that knows the application of this secret."""
    return Provider(APPLICATION, secret, frozenset({EXTENSIONS["ivr"].remote_id}))


def provider_settings(url: str, secret: str) -> dict[str, str]:
    """The environment that leads to it."""
    application = {"TELPHIN_URL": url, "TELPHIN_CLIENT_ID": APPLICATION, "TELPHIN_CLIENT_SECRET": secret}
    return {**application, "RECORDING_LOOPBACK": "yes"}


def facts(settings: Settings) -> dict[str, dict[str, Any]]:
    """Register the extensions; their keys and facts, as stack.json has them."""
    put = extensions.put(settings.owner_database_url, list(EXTENSIONS.values()), lambda _: None)
    registered = dict(zip(EXTENSIONS, put, strict=True))
    keys = {
        name: webhook_keys.issue(settings.webhook_secrets, EXTENSIONS[name].provider, extension.id)
        for name, extension in registered.items()
    }
    return {
        "webhook_keys": {
            "telphin": {name: keys[name] for name in ("phone", "ivr", "queue")},
            "mtt": keys["mtt"],
            "native": keys["native"],
        },
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
