"""Which events a PBX posts for an extension: ordered as the provider recommends, and only our own ever cancelled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from chalicelib.errors import RingledgerError
from chalicelib.platform.postgres import Connection
from chalicelib.platform.telphin import Ordered, ProviderRefused, Telphin
from chalicelib.registry.extensions import Extension, ExtensionRefused

#: What Telphin recommends for each type of extension.
EVENTS = {"phone": ("dial-in", "dial-out", "answer", "hangup"), "ivr": ("hangup",), "queue": ("hangup",)}
AGENT_EVENTS = ("agent-login", "agent-logout")
#: How many events an extension may have at Telphin, unless its administrator allowed more.
USUAL_LIMIT = 16

_KEEP = """
INSERT INTO ledger.subscriptions (extension, resource, remote_id, event, url) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (resource, remote_id) DO NOTHING
"""
_KEPT = "SELECT resource, remote_id FROM ledger.subscriptions WHERE extension = %s ORDER BY resource, remote_id"
_FORGET = "DELETE FROM ledger.subscriptions WHERE resource = %s AND remote_id = %s"


class LimitReached(RingledgerError):
    """The extension can have no more events at its provider."""

    code = "limit-reached"
    status = 409


@dataclass
class Changes:
    """What was done at the provider, as words for people."""

    ordered: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)


def subscribe(owner: Connection, api: Telphin, extension: Extension, url: str) -> Changes:
    """Order what is missing of the recommended events for `url`, then cancel those of ours that go elsewhere.

    What was done before a failure is remembered, so that a repetition does the rest. Raises ExtensionRefused,
    LimitReached, ProviderRefused and Unavailable.
    """
    _check(extension)
    changes = Changes()
    ours = _ours(owner, extension)
    for resource, events in _wanted(extension).items():
        there = api.ordered(resource)
        for event in events:
            # Nobody else knows the key in our address: what goes there is ours, even if we could not note it.
            known = next((each for each in there if (each.event, each.url) == (event, url)), None)
            (changes.kept if known else changes.ordered).append(event)
            if known is None:
                known = _order(api, extension, (resource, event, url), len(there))
                there.append(known)
            owner.execute(_KEEP, [extension.id, resource, known.id, event, url])
            ours.discard((resource, known.id))
    changes.cancelled = _cancel(owner, api, ours)
    return changes


def unsubscribe(owner: Connection, api: Telphin, extension: Extension) -> Changes:
    """Cancel every event that we ordered for `extension`. Raises ProviderRefused and Unavailable."""
    return Changes(cancelled=_cancel(owner, api, _ours(owner, extension)))


def _ours(owner: Connection, extension: Extension) -> set[tuple[str, str]]:
    return {(resource, remote_id) for resource, remote_id in owner.execute(_KEPT, [extension.id])}


def _wanted(extension: Extension) -> dict[str, tuple[str, ...]]:
    described = extension.described
    wanted = {f"extension/{described.remote_id}": EVENTS[described.type]}
    return wanted | ({f"agent/{described.agent_id}": AGENT_EVENTS} if described.agent_id else {})


def _order(api: Telphin, extension: Extension, what: tuple[str, str, str], there: int) -> Ordered:
    try:
        return api.order(*what)
    except ProviderRefused as refusal:
        if there < USUAL_LIMIT:
            raise
        raise LimitReached(
            f"{extension.described.name} has {there} events at its provider, which takes no more: delete unused ones"
            " there, or ask the PBX administrator to raise the limit of events per extension, then repeat."
            f" The provider said: {refusal.reason}"
        ) from None


def _cancel(owner: Connection, api: Telphin, events: Iterable[tuple[str, str]]) -> list[str]:
    cancelled = sorted(events)
    for resource, remote_id in cancelled:
        api.cancel(resource, remote_id)
        owner.execute(_FORGET, [resource, remote_id])
    return [f"{resource}/event/{remote_id}" for resource, remote_id in cancelled]


def _check(extension: Extension) -> None:
    described = extension.described
    if described.provider != "telphin":
        raise ExtensionRefused(
            f"{described.provider} has no subscriptions: give the address of extension {extension.id} to it instead"
        )
    if extension.revoked_at:
        raise ExtensionRefused(f"Extension {extension.id} is revoked: what it posts would be refused")
    if not described.remote_id:
        raise ExtensionRefused(f"Extension {extension.id} has no --remote-id, which is Telphin's own id of it")
