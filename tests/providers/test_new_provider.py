"""A new provider is one file and its name: webhooks are accepted, stored and become rows without any other change."""

from __future__ import annotations

import sys
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from chalicelib import providers
from chalicelib.calls.events import Raw, Unreadable
from chalicelib.envelope import reading
from chalicelib.ledger import store
from chalicelib.ledger.replay import replay
from chalicelib.providers import NAMES
from chalicelib.registry import extensions, webhook_keys
from chalicelib.registry.extensions import ExtensionDescription
from chalicelib.settings import Settings
from tests.databases import run
from tests.ingest.telephony import BEGIN, Ledger, message
from tests.providers import acme

IDENTITY = "0f9d3c1e-1111-4000-8000-00000000000{}"


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add the provider as its module and its line would."""
    monkeypatch.setitem(sys.modules, "chalicelib.providers.acme", acme)
    monkeypatch.setattr(providers, "NAMES", (*NAMES, "acme"))


def body(second: int, caller: str = "79214567892") -> str:
    """Return a webhook of the provider."""
    at = BEGIN + timedelta(seconds=second)
    return urlencode({"call": "1", "at": at.isoformat(), "from": caller})


def test_its_webhooks_are_answered_in_its_own_way() -> None:
    """The reply is the provider's, and so is the reason for a refusal."""
    raw = Raw(IDENTITY.format(1), BEGIN, "acme", body=body(0).encode())
    content = providers.read(raw).content

    assert acme.PROVIDER.reply(raw, content) == (f"<ok>{raw.id}</ok>", 201, "application/xml")
    with pytest.raises(Unreadable, match="There is no call"):
        providers.read(Raw("1", BEGIN, "acme"))


def test_its_address_follows_from_its_name() -> None:
    """The address for the PBX needs no table of paths."""
    settings = Settings(public_url="https://calls.example", webhook_secrets=((1, "s" * 32),))
    address = webhook_keys.address(settings, "acme", 7)

    assert address.startswith("https://calls.example/webhooks/acme/")


def test_its_calls_become_rows(ledger: Ledger) -> None:
    """The database takes its extension, its rules make the row, and its own limit of events holds."""
    (extension,) = extensions.put(ledger.url, [ExtensionDescription("acme", "office", "pbx")], lambda _: None)
    for number in range(1, 4):
        identity, accepted = IDENTITY.format(number), BEGIN + timedelta(seconds=number)
        text = message(extension.id, identity=identity, accepted=accepted, provider="acme", body=body(number))
        store.take(ledger.writer, [reading.read(text)])

    assert run(ledger.url, "SELECT fromnumber, invitedt FROM calls.cancelled") == [
        ("79214567892", BEGIN + timedelta(seconds=1))
    ]
    assert ledger.column("SELECT facts -> 'reasons' ->> 0 FROM ledger.records") == ["2 events"]
    assert ledger.column("SELECT flags[1] FROM ledger.calls") == ["only the first 2 events are interpreted"]
    assert dict(replay(ledger.owner, BEGIN, BEGIN + timedelta(hours=1), "acme", lambda _: None).changes) == {}
