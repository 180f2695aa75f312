"""Orders for connectors, and their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chalicelib.oktell.people import Person


class CannotDo(Exception):
    """This connector does not support the order. Another one may."""


@dataclass(frozen=True)
class Order:
    """One order to the PBX: a command with its parameters, on behalf of a user. Times are naive UTC."""

    id: str
    command: str
    person: Person
    integration: str
    ordered_at: datetime
    expires_at: datetime
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OrderResult:
    """The result of an order.

    For a started call `call_id` is its id in later webhooks, and `handle` is the id that ends it. `body` is the text
    of the answer.
    """

    call_id: str = ""
    handle: str = ""
    body: str = ""


class Connector(Protocol):
    """A connection to a PBX."""

    def do(self, order: Order) -> OrderResult:
        """Carry out an order. Raise CannotDo before anything is done, PartnerRefused, Unavailable and NotConnected."""
