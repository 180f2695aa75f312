"""Orders to connectors, and their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chalicelib.oktell.people import Person


class CannotDo(Exception):
    """This connector cannot execute the order. Another one may."""


@dataclass(frozen=True)
class Order:
    """One order to the PBX: a command with parameters, for a user and an integration. Times are UTC."""

    id: str
    command: str
    person: Person
    integration: str
    asked_at: datetime
    expires_at: datetime
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """The result of an order. For a started call: its id in the webhooks that follow, and the handle that ends it."""

    call_id: str = ""
    handle: str = ""
    body: str = ""


class Connector(Protocol):
    """A connector to a PBX."""

    def do(self, order: Order) -> Done:
        """Execute the order. Raise CannotDo before anything is done; PartnerRefused, Unavailable and NotConnected."""
