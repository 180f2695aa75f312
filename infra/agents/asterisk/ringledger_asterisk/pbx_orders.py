"""Orders of call control, as Ringledger writes them into the queue."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from uuid import UUID

VERSION = 1
#: The user's names that a channel's name may contain.
NAMES = ("extension", "number", "line", "login", "agent")

_NUMBER = re.compile(r"\+?[0-9*#]{1,40}")
_NAME = re.compile(r"[\w.*#+-]*")


class PbxOrderFault(Exception):
    """A message is no order that this program understands."""


@dataclass(frozen=True)
class PbxOrder:
    """One order: a command on behalf of a user, with its parameters."""

    id: str
    command: str
    user_id: str
    user: Mapping[str, str]
    parameters: Mapping[str, str]
    expires_at: datetime

    @classmethod
    def read(cls, text: str) -> PbxOrder:
        """Return the order in a message. Raise PbxOrderFault."""
        try:
            content = json.loads(text)
            if content["version"] != VERSION:
                raise PbxOrderFault(f"it has version {content['version']!r}; this program knows {VERSION}")
            expires = datetime.strptime(content["expires_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
            user = {name: _name(content["user"].get(name)) for name in NAMES}
            parameters = {str(name): str(value) for name, value in content["parameters"].items()}
            identities = (str(UUID(content["id"])), str(content["command"]), str(UUID(content["user"]["id"])))
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise PbxOrderFault(f"{type(fault).__name__}: {fault}") from None
        return cls(*identities, user, parameters, expires)

    def is_expired(self) -> bool:
        """Return True if the client no longer waits for the order."""
        return datetime.now(timezone.utc) >= self.expires_at

    @property
    def number(self) -> str:
        """Return the number to call. Raise PbxOrderFault if it is none that a dial plan can have."""
        number = self.parameters.get("number", "")
        if not _NUMBER.fullmatch(number):
            raise PbxOrderFault(f"{number!r} is no number to call")
        return number


def _name(value: object) -> str:
    # A name becomes part of a channel's name, where "/", "&" and "," mean further channels.
    text = "" if value is None else str(value)
    if not _NAME.fullmatch(text):
        raise PbxOrderFault(f"{text!r} cannot be part of a channel's name")
    return text
