"""The Lambda `scripts`: runs a script in a child process, which is killed when its time is over."""

from __future__ import annotations

import io
import json
import os
import select
import signal
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chalicelib import edge
from chalicelib.errors import RingledgerError
from chalicelib.oktell import script_runs, scripts
from chalicelib.oktell.scripts import RegisteredScript, Script, ScriptRun
from chalicelib.platform import configuration, functions
from chalicelib.platform.postgres import Connection
from chalicelib.settings import Settings

#: The part of the Lambda's time that is kept for recording how the script ended, in seconds.
RESERVE_SECONDS = 3.0
#: The longest value of a script, in bytes as JSON.
VALUE_LIMIT = 1_000_000
#: The log gets this many characters of a script's output, and of the message of its exception.
PRINTED_LIMIT = 10_000
REASON_LIMIT = 300

TYPE = "service"
_STARTED = "INSERT INTO scriptevents.script_start (type, scrcode, eventts) VALUES (%s, %s, %s)"
_STOPPED = (
    "INSERT INTO scriptevents.script_stop (type, scrcode, stoptype, stopreason, eventts) VALUES (%s, %s, %s, %s, %s)"
)


@dataclass(frozen=True)
class ScriptOutcome:
    """How a run ended, in the terms of scriptevents.script_stop. `value` is None after a failure."""

    stop_type: str
    reason: str
    value: str | None = None
    printed: str = ""


def handle(event: dict[str, Any], remaining: float) -> dict[str, Any]:
    """Run the script in the event within the `remaining` seconds of the Lambda. Return the same as `run`."""
    current = configuration.current()
    return run(event, min(current.script_seconds, remaining - RESERVE_SECONDS), current)


def run(event: dict[str, Any], seconds: float, current: Settings) -> dict[str, Any]:
    """Run the script in the event for at most `seconds`. Return its `value`, None after a failure, and its `outcome`.

    Raise RingledgerError if there is no such script.
    """
    script = _script(event["script"], current)
    call = ScriptRun(event["run"], tuple(event["parameters"]), event["integration"], event["wants_file"], current)
    # A connection of its own: the child process inherits the shared connection of this thread.
    writer = Connection(current.writer_database_url)
    try:
        script_runs.start(writer, call.id, script.name, call.integration)
        writer.execute(_STARTED, [TYPE, script.name, _now()])
        outcome = _run(script.function, call, seconds)
        # The documented table has no other column for them.
        reason = f"{outcome.reason} (run {call.id}, caller {call.integration})"
        writer.execute(_STOPPED, [TYPE, script.name, outcome.stop_type, reason, _now()])
        script_runs.end(writer, call.id, outcome.stop_type, outcome.reason, outcome.value)
    finally:
        writer.close()
    facts = {"script": script.name, "run": call.id, "integration": call.integration, "outcome": outcome.stop_type}
    log = edge.logger().info if outcome.stop_type == script_runs.FINAL else edge.logger().error
    log("script", extra=facts | {"reason": outcome.reason, "printed": outcome.printed})
    return {"value": outcome.value, "outcome": outcome.stop_type}


def _script(name: str, current: Settings) -> RegisteredScript:
    named_script = scripts.find(name) or remote(name, current)
    if named_script is None:
        raise RingledgerError(f"There is no script {name!r}")
    return named_script


def remote(name: str, current: Settings) -> RegisteredScript | None:
    """Return the script that calls a Lambda function in SCRIPT_FUNCTIONS, or None."""
    function = dict(current.script_functions).get(name.lower())

    def invoke(run: ScriptRun) -> Any:  # noqa: ANN401 - the type of its value is checked with those of other scripts
        event = {"run": run.id, "parameters": run.parameters, "wants_file": run.wants_file}
        return functions.invoke(str(function), event, current.script_seconds).get("value", "")

    return RegisteredScript(name.lower(), invoke, "oktell") if function else None


def _run(script: Script, run: ScriptRun, seconds: float) -> ScriptOutcome:
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        _run_in_child(script, run, sink)
    os.close(sink)
    try:
        line = _line(source, time.monotonic() + seconds)
    finally:
        os.close(source)
        _kill(child)
    if line is None:
        return ScriptOutcome(script_runs.TIMEOUT, f"killed after {seconds:g} seconds")
    return (
        ScriptOutcome(**json.loads(line))
        if line
        else ScriptOutcome(script_runs.CRASH, "its process ended without a result")
    )


def _run_in_child(script: Script, run: ScriptRun, sink: int) -> None:
    # In a session of its own, so that the processes it starts are killed with it. It leaves by `_exit`, since the exit
    # handlers belong to the parent process.
    os.setsid()
    try:
        with os.fdopen(sink, "wb") as line:
            line.write(f"{json.dumps(vars(_outcome(script, run)))}\n".encode())
    finally:
        os._exit(0)


def _outcome(script: Script, run: ScriptRun) -> ScriptOutcome:
    printed = _LimitedText()
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            value: object = script(run)
        except BaseException as fault:  # noqa: BLE001 - a script may raise anything, SystemExit too
            reason = f"{type(fault).__name__}: {' '.join(str(fault).split())}"[:REASON_LIMIT]
            return ScriptOutcome(script_runs.CRASH, reason, printed=printed.getvalue())
    if not isinstance(value, str):
        reason = f"its value is not a text: {type(value).__name__}"
        return ScriptOutcome(script_runs.TYPE, reason, printed=printed.getvalue())
    if len(json.dumps(value)) > VALUE_LIMIT:
        reason = f"its value is longer than {VALUE_LIMIT} bytes"
        return ScriptOutcome(script_runs.TYPE, reason, printed=printed.getvalue())
    return ScriptOutcome(script_runs.FINAL, "normal", value, printed.getvalue())


class _LimitedText(io.StringIO):
    """A text file that keeps the first PRINTED_LIMIT characters and drops the rest."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, PRINTED_LIMIT - self.tell())])
        return len(text)


def _line(source: int, until: float) -> bytes | None:
    """Return a whole line, or nothing if the source ends before it. Return None if neither happens before `until`."""
    line = bytearray()
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([source], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return None
        block = os.read(source, 65_536)
        if not block:
            return b""
        line += block
    return bytes(line)


def _kill(child: int) -> None:
    for kill, target in ((os.killpg, child), (os.kill, child)):
        try:
            kill(target, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
    os.waitpid(child, 0)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
