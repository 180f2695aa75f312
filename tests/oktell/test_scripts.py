"""Scripts: each run is recorded with its outcome, whatever the script does, and affects nothing else."""

from __future__ import annotations

import io
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NoReturn
from uuid import uuid4

import pytest

from chalicelib import edge
from chalicelib.errors import RingledgerError
from chalicelib.oktell import running, scripts
from chalicelib.oktell.scripts import ScriptRun
from chalicelib.platform import runtime
from chalicelib.settings import Settings
from infra.local import environment
from infra.local.local_lambda import Functions
from tests.databases import run

ROWS = (
    "SELECT stoptype, stopreason FROM scriptevents.script_start JOIN scriptevents.script_stop USING (type, scrcode)"
    " WHERE scrcode = %s"
)
RUNS = "SELECT run::text, integration, outcome, reason, value FROM ledger.script_runs WHERE script = %s"


def _echo(call: ScriptRun) -> str:
    return "|".join(call.parameters)


def _raise(_call: ScriptRun) -> NoReturn:
    raise ValueError("no\nsuch\nthing")


def _exit(_call: ScriptRun) -> NoReturn:
    sys.exit(3)


def _vanish(_call: ScriptRun) -> NoReturn:
    os._exit(0)


def _print(_call: ScriptRun) -> str:
    for _ in range(100):
        sys.stdout.write("x" * 100_000)
    return "printed"


def _sleep(_call: ScriptRun) -> str:
    time.sleep(60)
    return "late"


def _spin(_call: ScriptRun) -> str:
    # A single call into C. Nothing else in the process can run meanwhile.
    return str(sum(range(10**11)))


def _number(_call: ScriptRun) -> Any:
    return 42


def _too_much(_call: ScriptRun) -> str:
    return "x" * 2_000_000


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, scripts.Script], None]:
    """Return a function that registers a script until the end of the test."""
    scripts.find("")
    monkeypatch.setattr(scripts, "_registered", dict(scripts._registered))

    def register(name: str, script: scripts.Script) -> None:
        scripts.script(name, scope="oktell")(script)

    return register


@pytest.fixture
def clean(database: Settings) -> Iterator[Settings]:
    """Return the settings of a database without runs of scripts."""
    yield database
    run(database.owner_database_url, "TRUNCATE scriptevents.script_start, scriptevents.script_stop, ledger.script_runs")


def _run(current: Settings, name: str, seconds: float = 5) -> dict[str, Any]:
    event = {
        "script": name,
        "run": str(uuid4()),
        "parameters": ["ы", "", "<&>"],
        "integration": "test",
        "wants_file": False,
    }
    return running.run({**event, "wants_file": False}, seconds, current)


@pytest.mark.parametrize(
    ("script", "value", "stop"),
    [
        (_echo, "ы||<&>", ("final", "normal")),
        (_raise, None, ("error", "ValueError: no such thing")),
        (_exit, None, ("error", "SystemExit: 3")),
        (_vanish, None, ("error", "its process ended without a result")),
        (_number, None, ("type", "its value is not a text: int")),
        (_too_much, None, ("type", "its value is longer than 1000000 bytes")),
        (_print, "printed", ("final", "normal")),
    ],
)
def test_a_run_is_recorded(
    clean: Settings,
    registered: Callable[[str, scripts.Script], None],
    script: scripts.Script,
    value: str | None,
    stop: tuple[str, str],
) -> None:
    """The start and the stop are rows. The stop has a type, a reason, the run's id and its caller."""
    registered("Проверка", script)
    assert _run(clean, "проверка") == {"value": value, "outcome": stop[0]}
    ((identity, *stored),) = run(clean.owner_database_url, RUNS, ["Проверка"])
    assert stored == ["test", *stop, value]
    assert run(clean.owner_database_url, ROWS, ["Проверка"]) == [(stop[0], f"{stop[1]} (run {identity}, caller test)")]


@pytest.mark.parametrize("script", [_sleep, _spin])
def test_a_script_that_hangs_is_killed(
    clean: Settings, registered: Callable[[str, scripts.Script], None], script: scripts.Script
) -> None:
    """Its process is killed at the time limit, even if it handles no signals."""
    registered("Hangs", script)
    began = time.monotonic()
    assert _run(clean, "Hangs", 0.3) == {"value": None, "outcome": "timeout"}
    assert time.monotonic() - began < 30
    ((stop_type, reason),) = run(clean.owner_database_url, ROWS, ["Hangs"])
    assert isinstance(reason, str)
    assert (stop_type, reason.partition(" (run ")[0]) == ("timeout", "killed after 0.3 seconds")


def test_the_log_has_the_beginning_of_the_output(
    clean: Settings, registered: Callable[[str, scripts.Script], None]
) -> None:
    """The log gets the first characters that a script prints, and the rest is dropped."""
    registered("Prints", _print)
    log = io.StringIO()
    handler = edge.logger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    previous = handler.setStream(log)
    try:
        _run(clean, "Prints")
    finally:
        handler.setStream(previous)
    assert running.PRINTED_LIMIT <= log.getvalue().count("x") <= running.PRINTED_LIMIT + 100


def test_a_lambda_function_may_be_a_script(clean: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Lambda function in SCRIPT_FUNCTIONS runs as a script, and the `value` in its answer is the script's value."""
    environment.prepare_clients()
    server = Functions()
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", server.start(0))
    runtime.renew()
    try:
        known = replace(clean, script_functions=(("other", "admin"), ("broken", "no-function")))
        assert _run(known, "Other", 30) == {"value": "", "outcome": "final"}
        assert _run(known, "broken", 30)["outcome"] == "error"
    finally:
        server.stop()
        runtime.renew()


def test_an_unknown_script_is_not_recorded(clean: Settings) -> None:
    """The run raises an error and writes no rows."""
    with pytest.raises(RingledgerError, match="no script"):
        _run(clean, "NoScript")
    assert run(clean.owner_database_url, ROWS, ["NoScript"]) == []
