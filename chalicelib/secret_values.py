"""Values of AWS Secrets Manager in the environment, by requests signed here: boto3 would triple a cold start.

Two forms: `{secret:NAME:MEMBER}` within a variable's value stands for a member of a secret's JSON object and
`{secret:NAME}` for all its members as `member:value` words; and every member of the secrets that SECRETS lists is a
variable itself, unless the environment has it. Settings are read through this, so it knows none of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from chalicelib.errors import Misconfigured, Unavailable
from chalicelib.signatures import Signer, signed

LISTED = "SECRETS"
SECONDS = 5
CONTENT_TYPE = "application/x-amz-json-1.1"
TARGET = "secretsmanager.GetSecretValue"

_PLACE = re.compile(r"\{secret:([\w/+=.@-]+)(?::(\w+))?\}")
_CLIENT_FAULTS = range(400, 500)
_THROTTLED = b"ThrottlingException"

Members = dict[str, str]


def named(environment: Mapping[str, str]) -> bool:
    """Whether any secret is asked for."""
    return bool(environment.get(LISTED)) or any("{secret:" in value for value in environment.values())


def filled(environment: Mapping[str, str]) -> Mapping[str, str]:
    """The environment with its secrets in place.

    Raises Unavailable when Secrets Manager does not answer, Misconfigured when it refuses or a member is not there.
    """
    if not named(environment):
        return environment
    fetch = _Fetcher(environment)
    try:
        listed = [fetch(name) for name in environment.get(LISTED, "").split()]
        given = {variable: _PLACE.sub(lambda m: _member(fetch, m), value) for variable, value in environment.items()}
    finally:
        fetch.close()
    return {**{name: value for members in listed for name, value in members.items()}, **given}


def _member(fetch: _Fetcher, place: re.Match[str]) -> str:
    members = fetch(place[1])
    if place[2] is None:
        return " ".join(f"{name}:{value}" for name, value in members.items())
    if place[2] not in members:
        raise Misconfigured(f"The secret {place[1]} has no member {place[2]}")
    return members[place[2]]


class _Fetcher:
    """Reads each secret once, over one connection."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._signer = _signer(environment)
        self._read: dict[str, Members] = {}
        self._connection, self._host = _connection(environment, self._signer.region)

    def __call__(self, name: str) -> Members:
        if name not in self._read:
            self._read[name] = self._fetched(name)
        return self._read[name]

    def close(self) -> None:
        self._connection.close()

    def _fetched(self, name: str) -> Members:
        body = json.dumps({"SecretId": name}).encode()
        try:
            headers = {"content-type": CONTENT_TYPE, "host": self._host, "x-amz-target": TARGET}
            self._connection.request("POST", "/", body, signed(self._signer, headers, body, datetime.now(UTC)))
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as fault:
            raise Unavailable("Secrets Manager does not answer") from fault
        if answer.status in _CLIENT_FAULTS and _THROTTLED not in content:
            raise Misconfigured(f"Secrets Manager refuses the secret {name}: {_kind(content)}")
        if answer.status != 200:
            raise Unavailable(f"Secrets Manager answers with status {answer.status}")
        return _members(name, content)


def _signer(environment: Mapping[str, str]) -> Signer:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    access_key, secret_key, token = (environment.get(name, "") for name in names)
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "")
    return Signer(access_key, secret_key, token, region, "secretsmanager")


def _connection(environment: Mapping[str, str], region: str) -> tuple[HTTPConnection, str]:
    ours = f"https://secretsmanager.{region}.amazonaws.com{'.cn' * region.startswith('cn-')}"
    url = environment.get("AWS_ENDPOINT_URL_SECRETS_MANAGER") or environment.get("AWS_ENDPOINT_URL") or ours
    place = urlsplit(url)
    kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
    return kind(place.hostname or "", place.port, timeout=SECONDS), place.netloc


def _members(name: str, content: bytes) -> Members:
    try:
        members = json.loads(json.loads(content)["SecretString"])
        return {str(member): str(value) for member, value in members.items()}
    except (ValueError, KeyError, AttributeError):
        raise Misconfigured(f"The secret {name} is not a JSON object") from None


def _kind(content: bytes) -> str:
    try:
        return str(json.loads(content)["__type"]).rpartition("#")[2]
    except (ValueError, KeyError, TypeError):
        return "it gives no reason"
