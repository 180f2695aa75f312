"""The local Lambda: functions by name, each invocation in a process of its own that ends at its limit."""

from __future__ import annotations

import time
from typing import Any

import pytest

from chalicelib.errors import Unavailable
from chalicelib.platform import functions, runtime
from infra.local import environment
from infra.local.local_lambda import Functions
from tests.conftest import FOREIGN


@pytest.fixture(autouse=True)
def lambdas(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Start a server of the bundle's functions, and direct boto3 to it."""
    for name in FOREIGN:
        monkeypatch.delenv(name, raising=False)
    environment.prepare_clients()
    server = Functions()
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", server.start(0))
    runtime.renew()
    yield server
    server.stop()
    runtime.renew()


def test_a_function_answers() -> None:
    """Its answer is returned, whatever the function prints."""
    answer = functions.invoke("admin", {"command": ["token", "list"]})
    assert (answer["exit"], "DATABASE_URL is not set" in answer["errors"]) == (1, True)


def test_a_function_raises() -> None:
    """Its error is reported with its message."""
    with pytest.raises(functions.FunctionFailed, match="script"):
        functions.invoke("scripts", {})


def test_a_function_outlives_its_limit(lambdas: Functions) -> None:
    """It is killed at its limit, and the caller gets an error."""
    lambdas._limits["admin"] = 0.01
    with pytest.raises(functions.FunctionFailed, match="timed out after"):
        functions.invoke("admin", {"command": []})


def test_a_caller_stops_waiting() -> None:
    """After its time a caller stops waiting, and the function goes on."""
    with pytest.raises(functions.StillRunning):
        functions.invoke("admin", {"command": ["token", "list"]}, 0.01)


def test_an_event_is_not_waited_for() -> None:
    """An Event invocation is answered before the function has begun."""
    began = time.monotonic()
    functions.start("admin", {"command": ["token", "list"]})
    assert time.monotonic() - began < 10


def test_an_unknown_function_is_refused() -> None:
    """An unknown function is refused as by Lambda."""
    with pytest.raises(Unavailable, match="unknown could not be invoked"):
        functions.invoke("unknown", {})
