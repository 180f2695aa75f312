"""Lambda's Invoke API on loopback: every function of `app.py`, each invocation in a process of its own.

`POST /2015-03-31/functions/{name}/invocations` as boto3 sends it, for the names in `app.py`: it waits for the
answer (RequestResponse), or answers 202 at once (Event). AWS_ENDPOINT_URL_LAMBDA leads boto3 here, so the bundle calls
its own Lambdas as it would on AWS. A process is killed at its function's limit of .chalice/config.json, and with the
stack. Lambda repeats a failed Event invocation twice; here it is logged and not repeated.
"""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import uuid4

from infra.local.serving import LoopbackServer, QuietHandler

ROOT = Path(__file__).parents[2]
PAYLOAD_BYTES = 6 * 1024 * 1024
DEFAULT_SECONDS = 60
#: The functions that the bundle calls by the names in its settings, such as JOBS_FUNCTION.
CALLED = ("scripts", "jobs", "archive")
#: The Lambda of Chalice's own routes has no function in `app.py`: the application itself answers.
ENTRY_POINTS = {"api_handler": "app"}

_PLACE = re.compile(r"/2015-03-31/functions/([\w-]+)/invocations/?")

Environments = Callable[[str], Mapping[str, str]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Invocation:
    """The result of an invocation: its answer as JSON, or the error when it failed."""

    payload: bytes
    failed: bool = False


class Functions(LoopbackServer):
    """The server, its thread, and the invocations that run."""

    def __init__(self, environment: Environments = lambda _: {}, names: Mapping[str, str] | None = None) -> None:
        """Read the functions and their limits.

        `environment` returns the variables of a function besides this process's; `names` maps what callers call it to
        its name in `app.py`, where these differ.
        """
        self._environment = environment
        self._names = names
        stage = json.loads((ROOT / ".chalice/config.json").read_text())["stages"]["dev"]["lambda_functions"]
        self._limits = {name: float(of.get("lambda_timeout", DEFAULT_SECONDS)) for name, of in stage.items()}
        self._running: set[subprocess.Popen[bytes]] = set()

    def start(self, port: int) -> str:
        """Serve on loopback `port` (0: any free one) and return the URL."""
        return self.serve(port, type("OfTheseFunctions", (_Handler,), {"functions": self}))

    def stop(self) -> None:
        """Stop serving, and kill running invocations."""
        super().stop()
        for process in list(self._running):
            _kill(process)

    def find(self, called: str) -> str:
        """Return the name in `app.py` of the function that callers call so; empty when there is none."""
        name = called if self._names is None else self._names.get(called, "")
        return name if name in self._limits else ""

    def run(self, name: str, event: bytes) -> Invocation:
        """Run the function on `event` in a new process, until its limit."""
        entry_point = ENTRY_POINTS.get(name, name)
        command = [sys.executable, "-m", "infra.local.invocation", entry_point, str(self._limits[name])]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            # Lambda's own variables, so that the process loads only this function's surface.
            env={
                **os.environ,
                **self._environment(name),
                "_HANDLER": f"app.{entry_point}",
                "LAMBDA_TASK_ROOT": str(ROOT),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._running.add(process)
        with process:
            try:
                payload, _ = process.communicate(event, timeout=self._limits[name])
            except subprocess.TimeoutExpired:
                return _failure(f"Task timed out after {self._limits[name]:.2f} seconds", "Sandbox.Timedout")
            finally:
                _kill(process)
                self._running.discard(process)
        if process.returncode not in (0, 1) or not payload:
            return _failure(f"Runtime exited with status {process.returncode}", "Runtime.ExitError")
        return Invocation(payload, failed=process.returncode == 1)

    def begin(self, name: str, event: bytes) -> None:
        """Run it in the background, and log a failure."""

        def run() -> None:
            ended = self.run(name, event)
            if ended.failed:
                logger.error("%s failed: %s", name, ended.payload[:2_000].decode(errors="replace"))

        threading.Thread(target=run, name=f"invocation-{name}", daemon=True).start()


def _failure(message: str, kind: str) -> Invocation:
    return Invocation(json.dumps({"errorMessage": message, "errorType": kind}).encode(), failed=True)


def _kill(process: subprocess.Popen[bytes]) -> None:
    # The whole group, since its children hold its output open.
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


class _Handler(QuietHandler):
    functions: Functions

    def do_POST(self) -> None:
        """Answer one invocation."""
        event = self.body()
        place = _PLACE.fullmatch(self.path.partition("?")[0])
        called = place[1] if place else ""
        name = self.functions.find(called)
        if not name:
            self._refuse(HTTPStatus.NOT_FOUND, "ResourceNotFoundException", f"Function not found: {called}")
        elif len(event) > PAYLOAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "RequestTooLargeException", "The payload is too large")
        elif self.headers.get("X-Amz-Invocation-Type") == "Event":
            self.functions.begin(name, event)
            self._send(HTTPStatus.ACCEPTED, b"")
        else:
            ended = self.functions.run(name, event)
            self._send(HTTPStatus.OK, ended.payload, {"X-Amz-Function-Error": "Unhandled"} if ended.failed else {})

    def _refuse(self, status: HTTPStatus, kind: str, message: str) -> None:
        content: dict[str, Any] = {"Type": "User", "Message": message}
        self._send(status, json.dumps(content).encode(), {"x-amzn-ErrorType": kind})

    def _send(self, status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None) -> None:
        try:
            self.send(status, body, headers={"x-amzn-RequestId": str(uuid4()), **(headers or {})})
            self.wfile.flush()
        except ConnectionError:
            # The client has gone; the invocation has ended all the same, as on Lambda.
            self.close_connection = True
