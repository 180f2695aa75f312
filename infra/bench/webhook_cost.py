"""The cost of accepting a webhook beyond sending its message with boto3, and of the first one in a new process."""

from __future__ import annotations

import json
import logging
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from chalicelib.platform import runtime
from infra.bench.report import Figure, milliseconds
from infra.bench.testbed import ROOT, Testbed

ROUNDS = 30
REPEATED = 10
BOUND_SECONDS = 0.0002
COLD_ROUNDS = 7
EVENT = (
    "EventType=hangup&CallStatus=ANSWER&CallFlow=IN&CallID=6C70D0C4B1F24E1E8A1B7A0F5B2D9C11&SubCallID=1138241-62fe0b"
    "&CallAPIID=87623746-3f0e9d9c-1111-4f6e-9d3a-5b2d9c110001&CallerIDNum=%2B79214567892&CalledNumber=13596*106"
    "&CalledDID=79300369446&CalledExtension=13596*106%40sipproxy.telphin.ru&CalledExtensionID=1138241"
    "&EventTime=1766736731010096&Duration=7529999&RecID=1138241-aa11"
)
# CPU time of a new process, since the machine has other work.
FIRST = """
import json, sys, time
event = json.load(sys.stdin)
began = time.process_time()
import app
assert app.app(event, None)["body"] == "OK"
print(time.process_time() - began)
"""
PEER = """
import sys, time
sys.stdin.read()
began = time.process_time()
import boto3
boto3.client("sqs")
print(time.process_time() - began)
"""


def lines(place: Testbed) -> Iterator[Figure]:
    """Measure CPU time of a request, log line and message included, in turns with boto3's bare `send_message`."""
    app = place.enter()
    secret = json.loads((place.data / "secrets.json").read_text("utf-8"))["webhook"]
    queue = place.facts["queues"]["call-events"]
    os.environ.update({"EVENTS_QUEUE_URL": queue, "WEBHOOK_SECRETS": f"1:{secret}"})
    runtime.renew()
    event, client = _event(place), boto3.client("sqs")

    def accept() -> None:
        answer = app.app(dict(event), None)
        if answer["body"] != "OK":
            raise RuntimeError(f"not accepted: {answer['body']}")

    def send() -> None:
        client.send_message(QueueUrl=queue, MessageBody=2 * EVENT)

    with _logging():
        taken = _least({"send": send, "accept": accept})
    bare, whole = taken["send"], taken["accept"]
    yield Figure("a bare send_message of boto3, client CPU", milliseconds(bare))
    within = bare + BOUND_SECONDS
    yield Figure("accepting a webhook, sending included", milliseconds(whole), "that and 0.2 ms", whole / within, 1)
    first, peer = _cold(FIRST, event), _cold(PEER, event)
    yield Figure("importing boto3 and making its SQS client, CPU", milliseconds(peer))
    yield Figure("a new process's imports and first webhook", milliseconds(first), "that", first / peer, at_most=1)


def _least(works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the seconds of each work, run in turns: the best of many, since these costs are small."""
    least = dict.fromkeys(works, math.inf)
    for _ in range(ROUNDS):
        for name, work in works.items():
            began = time.process_time()
            for _ in range(REPEATED):
                work()
            least[name] = min(least[name], (time.process_time() - began) / REPEATED)
    return least


@contextmanager
def _logging() -> Iterator[None]:
    """Log requests as on AWS, to /dev/null."""
    # Importing it reads the settings of the testbed.
    from chalicelib import edge  # noqa: PLC0415

    logger = edge.logger()
    with Path(os.devnull).open("w") as nowhere:
        handlers = [handler for handler in logger.handlers if isinstance(handler, logging.StreamHandler)]
        before = [(handler, handler.setStream(nowhere)) for handler in handlers]
        logging.disable(logging.NOTSET)
        logger.setLevel("INFO")
        yield
        for handler, stream in before:
            handler.setStream(stream)
    logging.disable(logging.WARNING)


def _cold(code: str, event: dict[str, Any]) -> float:
    taken = [
        float(subprocess.run([sys.executable, "-c", code], cwd=ROOT, input=json.dumps(event), capture_output=True,
                             text=True, check=True, env=_of_lambda()).stdout.splitlines()[-1])
        for _ in range(COLD_ROUNDS)
    ]  # fmt: skip
    return min(taken)


def _of_lambda() -> dict[str, str]:
    return {**os.environ, "LAMBDA_TASK_ROOT": str(ROOT), "_HANDLER": "app.webhooks"}


def _event(place: Testbed) -> dict[str, Any]:
    return {
        "requestContext": {
            "resourcePath": "/ext-event/{key}",
            "httpMethod": "POST",
            "path": "/ext-event/x",
            "requestId": "measured",
        },
        "pathParameters": {"key": place.facts["webhook_keys"]["telphin"]["phone"]},
        "headers": {"content-type": "application/x-www-form-urlencoded"},
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "isBase64Encoded": False,
        "body": EVENT,
    }
