"""Subscribes extensions to the events that their provider recommends, and cancels only its own subscriptions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from chalicelib.errors import RingledgerError
from chalicelib.platform.postgres import Connection
from chalicelib.providers.telphin_client import Ordered, ProviderRefused, Telphin
from chalicelib.registry.extensions import Extension, ExtensionRefused

#: The events that Telphin recommends for each type of extension.
EVENTS = {"phone": ("dial-in", "dial-out", "answer", "hangup"), "ivr": ("hangup",), "queue": ("hangup",)}
AGENT_EVENTS = ("agent-login", "agent-logout")
#: The events that Telphin allows for one extension, unless an administrator raised the limit.
USUAL_LIMIT = 16

_KEEP = """
INSERT INTO ledger.subscriptions (extension, resource, remote_id, event, url) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (resource, remote_id) DO NOTHING
"""
_KEPT = "SELECT resource, remote_id FROM ledger.subscriptions WHERE extension = %s ORDER BY resource, remote_id"
_ORDERED = "SELECT extension, array_agg(DISTINCT event ORDER BY event) FROM ledger.subscriptions GROUP BY extension"
_FORGET = "DELETE FROM ledger.subscriptions WHERE resource = %s AND remote_id = %s"


class LimitReached(RingledgerError):
    """The extension can have no more events at its provider."""

    code = "limit-reached"
    status = 409


@dataclass
class Changes:
    """The events that were ordered, kept and cancelled at the provider, by name."""

    ordered: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)


def ordered(database: Connection) -> dict[int, list[str]]:
    """Return the events that were ordered for each extension, by its id."""
    return dict(database.execute(_ORDERED))


def subscribe(owner: Connection, api: Telphin, extension: Extension, url: str) -> Changes:
    """Order the missing recommended events for `url`, then cancel own subscriptions to other addresses.

    Changes before a failure are recorded, so that a repetition completes the rest. Raises ExtensionRefused,
    LimitReached, ProviderRefused and Unavailable.
    """
    _check(extension)
    changes = Changes()
    own = _own(owner, extension)
    for resource, events in _recommended(extension).items():
        present = api.ordered(resource)
        for event in events:
            # The key in the address is secret: a subscription to it is our own, even if it could not be recorded.
            known = next((each for each in present if (each.event, each.url) == (event, url)), None)
            (changes.kept if known else changes.ordered).append(event)
            if known is None:
                known = _order(api, extension, (resource, event, url), len(present))
                present.append(known)
            owner.execute(_KEEP, [extension.id, resource, known.id, event, url])
            own.discard((resource, known.id))
    changes.cancelled = _cancel(owner, api, own)
    return changes


def unsubscribe(owner: Connection, api: Telphin, extension: Extension) -> Changes:
    """Cancel every own subscription of `extension`. Raises ProviderRefused and Unavailable."""
    return Changes(cancelled=_cancel(owner, api, _own(owner, extension)))


def _own(owner: Connection, extension: Extension) -> set[tuple[str, str]]:
    return {(resource, remote_id) for resource, remote_id in owner.execute(_KEPT, [extension.id])}


def _recommended(extension: Extension) -> dict[str, tuple[str, ...]]:
    description = extension.description
    recommended = {f"extension/{description.remote_id}": EVENTS[description.type]}
    return recommended | ({f"agent/{description.agent_id}": AGENT_EVENTS} if description.agent_id else {})


def _order(api: Telphin, extension: Extension, subscription: tuple[str, str, str], present: int) -> Ordered:
    try:
        return api.order(*subscription)
    except ProviderRefused as refusal:
        if present < USUAL_LIMIT:
            raise
        raise LimitReached(
            f"{extension.description.name} has {present} events at its provider, which takes no more: delete unused"
            " ones there, or ask the PBX administrator to raise the limit of events per extension, then repeat."
            f" The provider said: {refusal.reason}"
        ) from None


def _cancel(owner: Connection, api: Telphin, events: Iterable[tuple[str, str]]) -> list[str]:
    cancelled = sorted(events)
    for resource, remote_id in cancelled:
        api.cancel(resource, remote_id)
        owner.execute(_FORGET, [resource, remote_id])
    return [f"{resource}/event/{remote_id}" for resource, remote_id in cancelled]


def _check(extension: Extension) -> None:
    description = extension.description
    if description.provider != "telphin":
        raise ExtensionRefused(
            f"{description.provider} has no subscriptions: give the address of extension {extension.id} to it instead"
        )
    if extension.revoked_at:
        raise ExtensionRefused(f"Extension {extension.id} is revoked: what it posts would be refused")
    if not description.remote_id:
        raise ExtensionRefused(f"Extension {extension.id} has no --remote-id, which is Telphin's own id of it")
