"""What a connector is ordered to do, and what it says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chalicelib.oktell.people import Person


class CannotDo(Exception):
    """This connector has no way to do it; another may have."""


@dataclass(frozen=True)
class Order:
    """One order to the PBX: which command with which of its parameters, on behalf of whom; times are UTC."""

    id: str
    command: str
    person: Person
    integration: str
    asked_at: datetime
    expires_at: datetime
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """What became of an order: for a started call its id in the webhooks that follow, and what ends it."""

    call_id: str = ""
    handle: str = ""
    body: str = ""


class Connector(Protocol):
    """A way to the PBX."""

    def do(self, order: Order) -> Done:
        """Do it. Raises CannotDo before anything was done; PartnerRefused, Unavailable, NotConnected."""
