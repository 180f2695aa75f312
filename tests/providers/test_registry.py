"""A provider is one module with one object; everything else finds it there."""

from __future__ import annotations

from datetime import datetime
from importlib import import_module
from pkgutil import iter_modules

import pytest

from chalicelib import providers
from chalicelib.calls.events import Raw, Unreadable
from chalicelib.providers.provider import Provider
from chalicelib.registry.extensions import ExtensionDescription, ExtensionRefused, check

ACCEPTED = datetime(2026, 11, 21, 10)  # noqa: DTZ001 - times are naive UTC throughout


def test_every_provider_is_registered() -> None:
    """A module with a provider has its line in NAMES, under the provider's own name."""
    modules = [import_module(f"{providers.__name__}.{module.name}") for module in iter_modules(providers.__path__)]
    defined = {module.PROVIDER.name for module in modules if hasattr(module, "PROVIDER")}

    assert defined == set(providers.NAMES)
    for name in providers.NAMES:
        provider = providers.find(name)
        assert isinstance(provider, Provider)
        assert provider.name == name


@pytest.mark.parametrize("name", providers.NAMES)
def test_a_provider_sends_events_with_rules_or_ready_rows(name: str) -> None:
    """Events without rules would be stored and never become a call."""
    provider = providers.find(name)

    assert provider
    assert (provider.events is None) == (provider.rules is None) == providers.posts_rows(name)


@pytest.mark.parametrize("name", ["", "provider", "text", "decoding", "os", "telphin.x", "../telphin"])
def test_other_modules_are_no_providers(name: str) -> None:
    """A name in an address never imports anything but a provider."""
    assert providers.find(name) is None
    with pytest.raises(Unreadable, match="Unknown provider"):
        providers.read(Raw("1", ACCEPTED, name))
    with pytest.raises(ExtensionRefused, match="Unknown provider"):
        check(ExtensionDescription(name, "1", "2"))
