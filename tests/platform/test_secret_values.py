"""Secrets in settings: read in both forms, and read again after a rotation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import boto3
import pytest
from moto.server import ThreadedMotoServer

from chalicelib import settings
from chalicelib.errors import Misconfigured, Unavailable
from chalicelib.platform import configuration, secret_values
from chalicelib.platform.configuration import Configuration
from chalicelib.platform.http import HttpClient

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Start moto's Secrets Manager and return its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def environment(endpoint: str) -> dict[str, str]:
    """Return the environment of a Lambda, and store the secrets that it refers to."""
    put(endpoint, "stack/reader", {"username": "ringledger_reader", "password": "p4ss"})
    put(endpoint, "stack/webhook", {"2": "n" * 32, "1": "o" * 32})
    put(endpoint, "stack/telphin", {"TELPHIN_CLIENT_ID": "me", "TELPHIN_CLIENT_SECRET": "s3cret"})
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKID",
        "AWS_SECRET_ACCESS_KEY": "SECRET",
        "AWS_SESSION_TOKEN": "TOKEN",
    }


def put(endpoint: str, name: str, members: dict[str, str]) -> None:
    """Create or replace a secret."""
    client = boto3.client(
        "secretsmanager", endpoint_url=endpoint, region_name="us-east-1",
        aws_access_key_id="x", aws_secret_access_key="x",
    )  # fmt: skip
    try:
        client.create_secret(Name=name, SecretString=json.dumps(members))
    except client.exceptions.ResourceExistsException:
        client.put_secret_value(SecretId=name, SecretString=json.dumps(members))


def filled(environment: dict[str, str]) -> Mapping[str, str]:
    """Return the environment with the values of its secrets."""
    client = HttpClient()
    try:
        return secret_values.filled(environment, client)
    finally:
        client.close()


def test_an_environment_without_secrets_is_left_alone() -> None:
    """No request is sent."""
    environment = {"DATABASE_URL": "postgresql://a:b@c/d", "AWS_ENDPOINT_URL": NOWHERE}
    assert filled(environment) is environment


def test_a_member_stands_within_a_value(environment: dict[str, str]) -> None:
    """A database address gets its password from the secret and the rest from the template."""
    environment["READER_DATABASE_URL"] = "postgresql://r:{secret:stack/reader:password}@db:5432/x"
    assert settings.load(filled(environment)).reader_database_url == "postgresql://r:p4ss@db:5432/x"


def test_all_members_are_the_generations_of_a_secret(environment: dict[str, str]) -> None:
    """They keep the order of the secret, newest first."""
    environment["WEBHOOK_SECRETS"] = "{secret:stack/webhook}"
    assert settings.load(filled(environment)).webhook_secrets == ((2, "n" * 32), (1, "o" * 32))


def test_members_of_listed_secrets_become_settings(environment: dict[str, str]) -> None:
    """A variable of the environment comes first."""
    environment |= {"SECRETS": "stack/telphin stack/webhook", "TELPHIN_CLIENT_ID": "another"}
    read = settings.load(filled(environment))
    assert (read.telphin_client_id, read.telphin_client_secret) == ("another", "s3cret")


def test_a_missing_secret_or_member_is_named(environment: dict[str, str]) -> None:
    """The error contains no value of the secret."""
    with pytest.raises(Misconfigured, match="refuses the secret stack/none: ResourceNotFoundException"):
        filled({**environment, "SECRETS": "stack/none"})
    with pytest.raises(Misconfigured, match="stack/reader has no member port") as caught:
        filled({**environment, "GATE_DATABASE_URL": "{secret:stack/reader:port}"})
    assert "p4ss" not in str(caught.value)


def test_a_secrets_manager_that_is_away_is_unavailable(environment: dict[str, str]) -> None:
    """A request gets 503 then, not 500."""
    with pytest.raises(Unavailable):
        filled({**environment, "SECRETS": "stack/telphin", "AWS_ENDPOINT_URL": NOWHERE})


def test_a_rotated_secret_is_used(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read soon after a refused password, otherwise within minutes; an outage changes nothing."""
    for name, value in {**environment, "READER_DATABASE_URL": "{secret:stack/rotated:password}"}.items():
        monkeypatch.setenv(name, value)
    now = [1_000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    put(environment["AWS_ENDPOINT_URL"], "stack/rotated", {"password": "old"})
    process = Configuration()

    assert process.settings().reader_database_url == "old"
    put(environment["AWS_ENDPOINT_URL"], "stack/rotated", {"password": "new"})
    now[0] += configuration.DOUBT_SECONDS + 1
    assert process.settings().reader_database_url == "old"
    process.doubt()
    assert process.settings().reader_database_url == "new"

    monkeypatch.setenv("AWS_ENDPOINT_URL", NOWHERE)
    now[0] += configuration.SECRET_SECONDS + 1
    assert process.settings().reader_database_url == "new"
