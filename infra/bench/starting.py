"""The start of a Lambda: AWS's own runtime client on a zip, with a small Runtime API that hands it events.

`init` is from the start of the process until the runtime asks for its first event. A real Lambda also starts a machine
and loads the zip, on less processor: what counts here is the ratio to an empty handler of the same run. Other work of
the machine only ever adds time, so the least of several starts counts, and a start beyond its budget is measured again.
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
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from infra.local.serving import QuietHandler

ROUNDS = 5
#: How often the rounds of handlers that seem to start too late are repeated.
REPETITIONS = 3
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
    """Seconds until the first event is requested, of the first invocation, and the median of warm ones."""

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

        def started(name: str) -> Start:
            return _start(task, name, whole[name])

        for name in whole:
            # The first start only fills the page cache.
            started(name)
        return confirmed(whole, started)


def confirmed(names: Iterable[str], started: Callable[[str], Start]) -> dict[str, Start]:
    """Return the best of several starts of each handler, and of more for those that seem to miss their budgets.

    Rounds go through all handlers, so that a busy minute of the machine meets the empty one too.
    """
    taken = _rounds(names, started, {})
    for _ in range(REPETITIONS):
        beyond = _beyond(_best(taken))
        if not beyond:
            break
        taken = _rounds([EMPTY, *beyond], started, taken)
    return _best(taken)


def missed(starts: Mapping[str, Start]) -> list[str]:
    """Return a sentence for each Lambda that starts later than its budget allows."""
    return [
        f"{name} starts in {ratio:.1f} times an empty handler, not {_budget(name)}"
        for name, ratio in _beyond(starts).items()
    ]


def _beyond(starts: Mapping[str, Start]) -> dict[str, float]:
    """Return the Lambdas beyond their budgets, with the times of an empty handler that each takes."""
    ratios = {name: start.init / starts[EMPTY].init for name, start in starts.items() if name not in {EMPTY, NEWCOMER}}
    return {name: ratio for name, ratio in ratios.items() if ratio > _budget(name)}


def _budget(name: str) -> float:
    return BUDGETS.get(name, OTHER_BUDGET)


def _rounds(
    names: Iterable[str], started: Callable[[str], Start], before: Mapping[str, list[Start]]
) -> dict[str, list[Start]]:
    rounds = [{name: started(name) for name in names} for _ in range(ROUNDS)]
    return {**before, **{name: [*before.get(name, ()), *(each[name] for each in rounds)] for name in names}}


def _best(taken: Mapping[str, list[Start]]) -> dict[str, Start]:
    return {name: _least(starts) for name, starts in taken.items()}


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
        try:
            if not api.done.wait(WAIT_SECONDS):
                raise RuntimeError(f"{handler} does not start")
        finally:
            process.kill()
            process.wait()
    if api.failed:
        raise RuntimeError(f"{handler} does not start: {api.failed[0]}")
    rounds = [answered - requested for requested, answered in zip(api.requested, api.answered, strict=False)]
    return Start(api.requested[0] - began, rounds[0], statistics.median(rounds[1:]))


class _Api(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, event: object) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.event = json.dumps(event).encode()
        self.requested: list[float] = []
        self.answered: list[float] = []
        self.failed: list[str] = []
        self.done = threading.Event()


class _Handler(QuietHandler):
    server: _Api

    def do_GET(self) -> None:
        """Return the next event."""
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
