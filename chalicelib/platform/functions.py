"""Lambda functions of the bundle, invoked by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.errors import RingledgerError
from chalicelib.platform import boto3_clients, boto3_errors, runtime

# The longest that a Lambda runs: a repeated migration would only wait for the first.
READ_SECONDS = 900.0
CONNECT_SECONDS = 3


class FunctionFailed(RingledgerError):
    """The Lambda function failed; its log has the details."""

    code = "function-failed"


class StillRunning(RingledgerError):
    """The Lambda function is still running."""

    code = "still-running"


def invoke(name: str, event: dict[str, Any], seconds: float = READ_SECONDS) -> dict[str, Any]:
    """Run the function `name` on `event` and return its answer.

    Raises StillRunning after `seconds`, while the function runs on; Unavailable and FunctionFailed.
    """
    with _failures(name):
        response = _client(seconds).invoke(FunctionName=name, Payload=json.dumps(event).encode())
        answer: dict[str, Any] = json.loads(response["Payload"].read())
    if "FunctionError" in response:
        raise FunctionFailed(f"{name} failed: {answer.get('errorMessage', 'it gave no reason')}")
    return answer


def start(name: str, event: dict[str, Any]) -> None:
    """Start the function `name` on `event` without waiting for it. Raises Unavailable."""
    with _failures(name):
        _client(READ_SECONDS).invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode())


def _client(read_seconds: float) -> Any:  # noqa: ANN401 - boto3 makes its classes at run time
    return runtime.current().shared(("lambda", read_seconds), lambda: _made(read_seconds))


def _made(read_seconds: float) -> Any:  # noqa: ANN401 - as above
    return boto3_clients.made(
        "lambda",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        # A second try would run the function twice.
        retries={"total_max_attempts": 1},
        tcp_keepalive=True,
    )


@contextmanager
def _failures(name: str) -> Iterator[None]:
    from botocore.exceptions import ReadTimeoutError  # noqa: PLC0415 - loaded with boto3

    with boto3_errors.translated(f"The function {name} could not be invoked"):
        try:
            yield
        except ReadTimeoutError:
            raise StillRunning(f"{name} has not ended yet; it goes on") from None
