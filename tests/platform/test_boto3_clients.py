"""boto3's clients: their region, and the causes that an operator gets to see when AWS refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import boto3
import pytest

from chalicelib.admin.__main__ import main
from chalicelib.platform import boto3_clients, runtime
from infra.local.serving import QuietHandler
from tests.loopback import served

VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL")


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Return a process without any setting of AWS, whose machine has none either."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # boto3 keeps the credentials that it has once found.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    runtime.renew()
    yield monkeypatch
    runtime.renew()


@pytest.fixture
def refusal() -> Iterator[tuple[str, dict[str, tuple[int, str, str]]]]:
    """Return a server that refuses as Lambda does, and where to put its status, code and message."""
    answer: dict[str, tuple[int, str, str]] = {}

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            status, code, message = answer["next"]
            self.send(status, json.dumps({"Message": message}).encode(), headers={"x-amzn-ErrorType": code})

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        yield url, answer


@pytest.mark.parametrize("service", ["lambda", "s3", "sns", "sqs"])
@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_either_variable_sets_the_region(surroundings: pytest.MonkeyPatch, service: str, variable: str) -> None:
    """Lambda sets AWS_REGION, and so do many people; boto3 alone would read the other one only."""
    surroundings.setenv(variable, "eu-central-1")

    assert boto3_clients.made(service).meta.region_name == "eu-central-1"


def errors_of_a_remote_command(capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command in a Lambda that cannot be invoked, and return what it prints."""
    assert main(["--function", "ringledger-admin", "token", "list"]) == 1
    return capsys.readouterr().err


def test_a_remote_command_without_a_region(
    surroundings: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says which variable is missing."""
    surroundings.delenv("AWS_REGION", raising=False)
    assert errors_of_a_remote_command(capsys) == (
        "The function ringledger-admin could not be invoked: no region is set: set AWS_REGION\n"
    )


def test_a_remote_command_without_credentials(
    surroundings: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says that a login is missing."""
    surroundings.setenv("AWS_REGION", "eu-central-1")
    assert "could not be invoked: there are no AWS credentials: log in" in errors_of_a_remote_command(capsys)


REFUSALS = {
    (403, "ExpiredTokenException", "The security token included in the request is expired"): "login has expired",
    (403, "UnrecognizedClientException", "The security token is invalid"): "does not know these credentials",
    (403, "AccessDeniedException", "not authorized to perform: lambda:InvokeFunction"): "lambda:InvokeFunction",
    (404, "ResourceNotFoundException", "Function not found: ringledger-admin"): "Function not found",
    (429, "TooManyRequestsException", "Rate Exceeded."): "TooManyRequestsException: Rate Exceeded.",
}


@pytest.mark.parametrize("refused", REFUSALS, ids=lambda refused: str(refused[1]))
def test_a_remote_command_that_is_refused(
    surroundings: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    refusal: tuple[str, dict[str, tuple[int, str, str]]],
    refused: tuple[int, str, str],
) -> None:
    """The line names the cause that AWS gives."""
    url, answer = refusal
    answer["next"] = refused
    for name, value in zip(VARIABLES, ("eu-central-1", "eu-central-1", "id", "secret", url), strict=True):
        surroundings.setenv(name, value)

    line = errors_of_a_remote_command(capsys)

    assert line.startswith("The function ringledger-admin could not be invoked: ")
    assert REFUSALS[refused] in line
