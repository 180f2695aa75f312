"""Values of AWS Secrets Manager in the environment.

There are two forms. `{secret:NAME:MEMBER}` within a variable's value is replaced by a member of a secret's JSON object,
and `{secret:NAME}` by all its members as `member:value` words. Every member of the secrets that SECRETS lists becomes a
variable, unless the environment has that variable already. The settings are read from the result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache

from chalicelib import settings
from chalicelib.errors import Misconfigured
from chalicelib.platform import signed_requests
from chalicelib.platform.http import HttpClient

LISTED = "SECRETS"

_PLACE = re.compile(r"\{secret:([\w/+=.@-]+)(?::(\w+))?\}")

Members = dict[str, str]


def named(environment: Mapping[str, str]) -> bool:
    """Return whether the environment refers to a secret."""
    return bool(environment.get(LISTED)) or any("{secret:" in value for value in environment.values())


def filled(environment: Mapping[str, str], client: HttpClient) -> Mapping[str, str]:
    """Return the environment with the values of its secrets; each secret is read once.

    Raises Unavailable when Secrets Manager does not answer, Misconfigured when it refuses or a member is missing.
    """
    if not named(environment):
        return environment
    access = settings.aws_access("secrets_manager", environment)

    @cache
    def fetch(name: str) -> Members:
        return signed_requests.read_secret(client, access, name)

    listed = [fetch(name) for name in environment.get(LISTED, "").split()]
    own = {name: _PLACE.sub(lambda place: _value(fetch, place), value) for name, value in environment.items()}
    return {**{name: value for members in listed for name, value in members.items()}, **own}


def _value(fetch: Callable[[str], Members], place: re.Match[str]) -> str:
    members = fetch(place[1])
    if place[2] is None:
        return " ".join(f"{name}:{value}" for name, value in members.items())
    if place[2] not in members:
        raise Misconfigured(f"The secret {place[1]} has no member {place[2]}")
    return members[place[2]]
