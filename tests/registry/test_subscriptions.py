"""Subscriptions at a small Telphin over HTTP: recommended events are ordered, and only own ones are cancelled."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator

import pytest
import requests

from chalicelib.errors import Misconfigured, Unavailable
from chalicelib.platform.postgres import Connection
from chalicelib.providers.telphin_client import ProviderRefused, Telphin
from chalicelib.registry import extensions, subscriptions
from chalicelib.registry.extensions import Extension, ExtensionDescription, ExtensionRefused
from chalicelib.registry.subscriptions import Changes, LimitReached
from chalicelib.settings import Settings
from infra.local.telphin_server import LIMIT, TelphinServer

URL = "https://calls.example/ext-event/key"
PHONE = ["dial-in", "dial-out", "answer", "hangup"]

_numbers = itertools.count(1_138_000)


@pytest.fixture
def provider() -> Iterator[TelphinServer]:
    """Provide a provider without any subscription."""
    provider = TelphinServer("application", "secret")
    yield provider
    provider.stop()


@pytest.fixture
def settings(provider: TelphinServer) -> Settings:
    """Return settings that point to the provider."""
    url = provider.start(0)
    return Settings(telphin_url=url, telphin_client_id="application", telphin_client_secret="secret")


@pytest.fixture
def api(settings: Settings) -> Telphin:
    """Return the client of the provider's API."""
    return Telphin(settings)


@pytest.fixture
def owner(database: Settings) -> Connection:
    """Return the connection that records subscriptions."""
    return Connection(database.owner_database_url)


def _extension(database: Settings, type_: str = "phone", agent_id: str = "") -> Extension:
    number = str(next(_numbers))
    whole = ExtensionDescription("telphin", "13596", f"13596*{number}", type_, remote_id=number, agent_id=agent_id)
    return extensions.add(database.owner_database_url, whole)


def _events(provider: TelphinServer, extension: Extension, kind: str = "extension") -> list[tuple[str, str, str]]:
    number = extension.description.remote_id if kind == "extension" else extension.description.agent_id
    ordered = provider.ordered.get(f"{kind}/{number}", {}).values()
    return [(event["event_type"], event["method"], event["url"]) for event in ordered]


@pytest.mark.parametrize("case", [("phone", PHONE), ("ivr", ["hangup"]), ("queue", ["hangup"])])
def test_the_recommended_events_are_ordered(
    database: Settings, owner: Connection, provider: TelphinServer, api: Telphin, case: tuple[str, list[str]]
) -> None:
    """A phone gets all four events, an IVR and a queue the hangup alone; a repetition orders nothing."""
    type_, events = case
    extension = _extension(database, type_)

    assert subscriptions.subscribe(owner, api, extension, URL) == Changes(ordered=events)
    assert subscriptions.subscribe(owner, api, extension, URL) == Changes(kept=events)
    assert _events(provider, extension) == [(event, "POST", URL) for event in events]


def test_an_agents_events_are_ordered(
    database: Settings, owner: Connection, provider: TelphinServer, api: Telphin
) -> None:
    """An extension with an agent subscribes to the agent's events under the agent's resource."""
    extension = _extension(database, agent_id=f"a{next(_numbers)}")

    subscriptions.subscribe(owner, api, extension, URL)

    assert [event for event, *_ in _events(provider, extension, "agent")] == ["agent-login", "agent-logout"]


def test_subscriptions_of_others_stay(
    database: Settings, owner: Connection, provider: TelphinServer, api: Telphin
) -> None:
    """Another integration's subscription stays, even to the same event type."""
    extension = _extension(database)
    other = {"event_type": "hangup", "method": "GET", "url": "https://crm.example/"}
    provider.order("extension", extension.description.remote_id, other)

    subscriptions.subscribe(owner, api, extension, URL)
    changes = subscriptions.unsubscribe(owner, api, extension)

    assert len(changes.cancelled) == 4
    assert _events(provider, extension) == [("hangup", "GET", "https://crm.example/")]
    assert subscriptions.unsubscribe(owner, api, extension) == Changes()


def test_a_new_address_replaces_the_old_one(
    database: Settings, owner: Connection, provider: TelphinServer, api: Telphin
) -> None:
    """After a rotation the subscriptions use the new address, and those to the old one are cancelled."""
    extension = _extension(database)
    subscriptions.subscribe(owner, api, extension, URL)

    changes = subscriptions.subscribe(owner, api, extension, f"{URL}2")

    assert (changes.ordered, len(changes.cancelled)) == (PHONE, 4)
    assert _events(provider, extension) == [(event, "POST", f"{URL}2") for event in PHONE]


def test_a_removed_subscription_is_ordered_again(
    database: Settings, owner: Connection, provider: TelphinServer, api: Telphin
) -> None:
    """A subscription that is gone at the provider is ordered again, although it is recorded here."""
    extension = _extension(database)
    subscriptions.subscribe(owner, api, extension, URL)
    provider.ordered[f"extension/{extension.description.remote_id}"].clear()

    assert subscriptions.subscribe(owner, api, extension, URL).ordered == PHONE
    assert len(subscriptions.unsubscribe(owner, api, extension).cancelled) == 4
    assert _events(provider, extension) == []


def test_an_unrecorded_subscription_to_our_address_is_ours(
    database: Settings, owner: Connection, provider: TelphinServer, api: Telphin
) -> None:
    """A subscription to our own secret address is adopted, and not ordered a second time."""
    extension = _extension(database, "queue")
    provider.order("extension", extension.description.remote_id, {"event_type": "hangup", "url": URL})

    assert subscriptions.subscribe(owner, api, extension, URL).kept == ["hangup"]
    assert len(subscriptions.unsubscribe(owner, api, extension).cancelled) == 1


def test_the_limit_names_both_remedies(
    database: Settings, owner: Connection, provider: TelphinServer, api: Telphin
) -> None:
    """With sixteen events at the provider, the message names both remedies; afterwards a repetition completes."""
    extension = _extension(database)
    number = extension.description.remote_id
    for _ in range(LIMIT - 1):
        provider.order("extension", number, {"event_type": "hangup", "url": "https://crm.example/"})

    with pytest.raises(LimitReached) as refused:
        subscriptions.subscribe(owner, api, extension, URL)

    assert f"{extension.description.name} has 16 events" in refused.value.message
    assert "delete unused ones" in refused.value.message
    assert "ask the PBX administrator to raise the limit" in refused.value.message
    for event in list(provider.ordered[f"extension/{number}"])[:3]:
        del provider.ordered[f"extension/{number}"][event]
    assert subscriptions.subscribe(owner, api, extension, URL) == Changes(ordered=PHONE[1:], kept=PHONE[:1])


def test_other_refusals_quote_the_provider(
    database: Settings, owner: Connection, provider: TelphinServer, api: Telphin
) -> None:
    """The provider's own message explains that a registered phone is an IVR there."""
    extension = _extension(database)
    provider.ivrs = frozenset({extension.description.remote_id})

    with pytest.raises(ProviderRefused, match="not possible on ivr-type extensions"):
        subscriptions.subscribe(owner, api, extension, URL)


def test_extensions_without_subscriptions_are_refused(database: Settings, owner: Connection, api: Telphin) -> None:
    """MTT, extensions without the provider's id, and revoked ones are refused with an alternative."""
    mtt = extensions.add(database.owner_database_url, ExtensionDescription("mtt", "79586488002", "79586488002"))
    phone = _extension(database)
    nameless = dataclasses.replace(phone, description=dataclasses.replace(phone.description, remote_id=""))
    revoked = dataclasses.replace(phone, revoked_at=phone.created_at)

    for extension, words in ((mtt, "give the address"), (nameless, "--remote-id"), (revoked, "is revoked")):
        with pytest.raises(ExtensionRefused, match=words):
            subscriptions.subscribe(owner, api, extension, URL)


def test_credentials_are_required(settings: Settings) -> None:
    """Without credentials no request is sent; with wrong ones the provider refuses."""
    with pytest.raises(Misconfigured, match="TELPHIN_CLIENT_ID"):
        Telphin(Settings())
    with pytest.raises(ProviderRefused, match="invalid_client"):
        Telphin(dataclasses.replace(settings, telphin_client_secret="wrong")).ordered("extension/1")


def test_an_unavailable_provider_is_reported(settings: Settings, provider: TelphinServer) -> None:
    """A closed port raises Unavailable."""
    provider.stop()
    with pytest.raises(Unavailable, match="does not answer"):
        Telphin(settings).ordered("extension/1")
    provider.start(0)


def test_the_small_provider_posts_ordered_events(
    database: Settings, owner: Connection, api: Telphin, settings: Settings
) -> None:
    """A simulated event is posted to every address that subscribed to its type."""
    extension = _extension(database)
    subscriptions.subscribe(owner, api, extension, f"{settings.telphin_url}/nowhere")

    answer = requests.post(
        f"{settings.telphin_url}/simulate/extension/{extension.description.remote_id}",
        data={"EventType": "hangup", "CallID": "1"},
        timeout=10,
    )

    assert answer.json() == {"statuses": [404]}
