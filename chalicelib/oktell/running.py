"""The Lambda `scripts`: run one script in a process that can be killed at any time."""

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
from chalicelib.oktell import scripts
from chalicelib.oktell.scripts import Script, ScriptRun
from chalicelib.platform import configuration, functions
from chalicelib.platform.postgres import Connection
from chalicelib.settings import Settings

#: The seconds of the Lambda's time that are reserved for storing the outcome.
RESERVE_SECONDS = 3.0
#: The longest value, in bytes of JSON, and the longest logged output, in characters.
VALUE_LIMIT = 1_000_000
PRINTED_LIMIT = 10_000
REASON_LIMIT = 300

TYPE = "service"
_STARTED = "INSERT INTO scriptevents.script_start (type, scrcode, eventts) VALUES (%s, %s, %s)"
_STOPPED = (
    "INSERT INTO scriptevents.script_stop (type, scrcode, stoptype, stopreason, eventts) VALUES (%s, %s, %s, %s, %s)"
)


@dataclass(frozen=True)
class Ended:
    """The end of a run in the words of scriptevents.script_stop. `value` is None unless the run was successful."""

    stop_type: str
    reason: str
    value: str | None = None
    printed: str = ""


def handle(event: dict[str, Any], remaining: float) -> dict[str, Any]:
    """Run the script that the event names within the `remaining` seconds of the Lambda. Return the result of `run`."""
    current = configuration.current()
    return run(event, min(current.script_seconds, remaining - RESERVE_SECONDS), current)


def run(event: dict[str, Any], seconds: float, current: Settings) -> dict[str, Any]:
    """Run the script that the event names for at most `seconds`. Return its `outcome` and its `value` or None."""
    name, script = _script(event["script"], current)
    call = ScriptRun(event["run"], tuple(event["parameters"]), event["integration"], event["wants_file"], current)
    # A connection of its own: the script's process would inherit the shared one of this thread.
    writer = Connection(current.writer_database_url)
    try:
        writer.execute(_STARTED, [TYPE, name, _now()])
        ended = _run(script, call, seconds)
        writer.execute(_STOPPED, [TYPE, name, ended.stop_type, ended.reason, _now()])
    finally:
        writer.close()
    facts = {"script": name, "run": call.id, "integration": call.integration, "outcome": ended.stop_type}
    edge.logger().info("script", extra=facts | {"reason": ended.reason, "printed": ended.printed})
    return {"value": ended.value, "outcome": ended.stop_type}


def _script(name: str, current: Settings) -> tuple[str, Script]:
    script = scripts.find(name) or remote(name, current)
    if script is None:
        raise RingledgerError(f"There is no script {name!r}")
    return script


def remote(name: str, current: Settings) -> tuple[str, Script] | None:
    """Return the script of this name that is a Lambda function in SCRIPT_FUNCTIONS, or None."""
    function = dict(current.script_functions).get(name.lower())

    def invoke(run: ScriptRun) -> str:
        event = {"run": run.id, "parameters": run.parameters, "wants_file": run.wants_file}
        return str(functions.invoke(str(function), event, current.script_seconds).get("value", ""))

    return (name.lower(), invoke) if function else None


def _run(script: Script, run: ScriptRun, seconds: float) -> Ended:
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        _be_the_script(script, run, sink)
    os.close(sink)
    try:
        line = _line(source, time.monotonic() + seconds)
    finally:
        os.close(source)
        _end(child)
    if line is None:
        return Ended("timeout", f"ended after {seconds:g} seconds")
    return Ended(**json.loads(line)) if line else Ended("error", "its process ended without a word")


def _be_the_script(script: Script, run: ScriptRun, sink: int) -> None:
    # A session of its own, so that its children are killed with it. _exit, so that the parent's cleanup does not run.
    os.setsid()
    try:
        with os.fdopen(sink, "wb") as line:
            line.write(f"{json.dumps(vars(_ended(script, run)))}\n".encode())
    finally:
        os._exit(0)


def _ended(script: Script, run: ScriptRun) -> Ended:
    printed = _Beginning()
    with redirect_stdout(printed), redirect_stderr(printed):
        try:
            value: object = script(run)
        except BaseException as error:  # noqa: BLE001 - a script may raise anything, SystemExit too
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"[:REASON_LIMIT]
            return Ended("error", reason, printed=printed.getvalue())
    if not isinstance(value, str):
        return Ended("error", f"its value is no text: {type(value).__name__}", printed=printed.getvalue())
    if len(json.dumps(value)) > VALUE_LIMIT:
        return Ended("error", f"its value is longer than {VALUE_LIMIT} bytes", printed=printed.getvalue())
    return Ended("final", "normal", value, printed.getvalue())


class _Beginning(io.StringIO):
    """A stream that keeps the beginning of its text."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, PRINTED_LIMIT - self.tell())])
        return len(text)


def _line(source: int, until: float) -> bytes | None:
    """Return a line, an empty text if the source ends before it, or None if neither happens in time."""
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


def _end(child: int) -> None:
    for kill, target in ((os.killpg, child), (os.kill, child)):
        try:
            kill(target, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
    os.waitpid(child, 0)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
