"""The start of a Lambda: AWS's own runtime client on a zip, with a small Runtime API that hands it events.

`init` is from the start of the process until the runtime asks for its first event. A real Lambda also starts a machine
and loads the zip, on less processor: what counts here is the ratio to an empty handler of the same run. It is measured
in time on the processor, since other work of the machine would change a ratio of the clock's times by half.
"""

from __future__ import annotations

import json
import os
import py_compile
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from infra.local.serving import QuietHandler

ROUNDS = 5
EVENTS = 6
WAIT_SECONDS = 60
#: The limit of each start, in times of an empty handler; the last is for all other Lambdas.
BUDGETS = {"app.webhooks": 4.2, "app.recordings": 4.2, "app.statistics": 6.0}
OTHER_BUDGET = 7.0
EMPTY, NEWCOMER = "empty.handler", "newcomer.app"
_PEERS = {
    "empty.py": "def handler(event, context):\n    return {}\n",
    # The accepting of webhooks in the usual way of Chalice, boto3 and pydantic.
    "newcomer.py": """
import boto3
from chalice import Chalice
from pydantic import BaseModel

app = Chalice(app_name="newcomer")
queue = boto3.client("sqs")


class Webhook(BaseModel):
    EventType: str
    CallID: str
    EventTime: int


@app.route("/ext-event/{key}", methods=["POST"])
def accept(key):
    webhook = Webhook.model_validate(app.current_request.json_body)
    queue.send_message(QueueUrl="https://sqs.us-east-1.amazonaws.com/1/events", MessageBody=webhook.model_dump_json())
    return {}
""",
}


@dataclass(frozen=True)
class Start:
    """Processor seconds until the first event is requested; seconds of the first invocation, and of warm ones."""

    init: float
    first: float
    warm: float


def request(path: str) -> dict[str, Any]:
    """Return the event of a preflight at `path`, which costs everything but the surface's own work."""
    return {
        "requestContext": {"resourcePath": path, "httpMethod": "OPTIONS", "path": path, "requestId": "measured"},
        "pathParameters": None,
        "headers": {"accept": "*/*"},
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "isBase64Encoded": False,
        "body": None,
    }


def measured(packaged: Path, events: Mapping[str, Any]) -> dict[str, Start]:
    """Measure how each handler of the zip and two peers start and answer an event: the best of several turns."""
    with tempfile.TemporaryDirectory(prefix="ringledger-task-") as folder:
        task = Path(folder)
        with ZipFile(packaged) as opened:
            opened.extractall(task)
        for name, source in _PEERS.items():
            (task / name).write_text(source, "utf-8")
            # The modules of the zip are compiled too.
            py_compile.compile(str(task / name), doraise=True)
        whole = {EMPTY: {}, NEWCOMER: request("/ext-event/{key}"), **events}
        taken = [{name: _start(task, name, event) for name, event in whole.items()} for _ in range(1 + ROUNDS)]
    # The first round only fills the page cache.
    return {name: _least([starts[name] for starts in taken[1:]]) for name in whole}


def missed(starts: Mapping[str, Start]) -> list[str]:
    """Return a sentence for each Lambda that starts later than its budget allows."""
    ratios = {name: start.init / starts[EMPTY].init for name, start in starts.items() if name not in {EMPTY, NEWCOMER}}
    budgets = {name: BUDGETS.get(name, OTHER_BUDGET) for name in ratios}
    return [
        f"{name} starts in {ratio:.1f} times an empty handler, not {budgets[name]}"
        for name, ratio in ratios.items()
        if ratio > budgets[name]
    ]


def _least(starts: list[Start]) -> Start:
    figures = ([start.init for start in starts], [start.first for start in starts], [start.warm for start in starts])
    return Start(*map(min, figures))


def _start(task: Path, handler: str, event: object) -> Start:
    with _runtime_api(event) as api:
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": handler.rpartition(".")[2],
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "measured",
            "AWS_SECRET_ACCESS_KEY": "measured",
            "LAMBDA_TASK_ROOT": str(task),
            "_HANDLER": handler,
            "PYTHONPATH": str(task),
            # Lambda's code folder is read-only.
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=task,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        api.process = process.pid
        try:
            if not api.done.wait(WAIT_SECONDS):
                raise RuntimeError(f"{handler} does not start")
        finally:
            process.kill()
            process.wait()
    if api.failed:
        raise RuntimeError(f"{handler} does not start: {api.failed[0]}")
    rounds = [answered - requested for requested, answered in zip(api.requested, api.answered, strict=False)]
    init = api.used if api.used is not None else api.requested[0] - began
    return Start(init, rounds[0], statistics.median(rounds[1:]))


def _processor_seconds(process: int) -> float | None:
    """Return how long the main thread of a process has run, or None where only Linux would tell."""
    try:
        return int(Path(f"/proc/{process}/schedstat").read_text("ascii").split()[0]) / 1e9
    except OSError:
        return None


class _Api(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, event: object) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.event = json.dumps(event).encode()
        self.requested: list[float] = []
        self.answered: list[float] = []
        self.failed: list[str] = []
        self.process = 0
        #: Processor seconds of the process when it requested its first event.
        self.used: float | None = None
        self.done = threading.Event()


class _Handler(QuietHandler):
    server: _Api

    def do_GET(self) -> None:
        """Return the next event."""
        if not self.server.requested:
            self.server.used = _processor_seconds(self.server.process)
        self.server.requested.append(time.perf_counter())
        if len(self.server.requested) > EVENTS:
            self.server.done.set()
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": str(len(self.server.requested)),
            "Lambda-Runtime-Deadline-Ms": str(int(time.time() * 1_000) + 29_000),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:measured",
        }
        self.send(200, self.server.event, headers=headers)

    def do_POST(self) -> None:
        """Receive an answer; a failure to load ends the measurement, an error of the handler does not."""
        body = self.body()
        self.server.answered.append(time.perf_counter())
        self.send(202, b"{}")
        if self.path.endswith("/init/error"):
            self.server.failed.append(body.decode(errors="replace"))
            self.server.done.set()


@contextmanager
def _runtime_api(event: object) -> Iterator[_Api]:
    api = _Api(event)
    thread = threading.Thread(target=api.serve_forever, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.shutdown()
        api.server_close()
