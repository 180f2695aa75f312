"""A provider's module does nothing until the two tables know it."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from chalicelib import providers
from chalicelib.calls.correlation import RULES


def test_every_provider_is_registered() -> None:
    """A module that reads webhooks has its line among the readers, and its events have rules."""
    modules = [import_module(f"{providers.__name__}.{module.name}") for module in iter_modules(providers.__path__)]
    reading = {module.__name__.rpartition(".")[2] for module in modules if hasattr(module, "read")}

    assert reading == set(providers.READERS) == set(RULES)
