"""The waiting time of a click on a recording's link: the warm handler, its round trips, and the cold start."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from chalicelib.platform import runtime, signed_requests
from infra.bench.report import Figure, alternating, milliseconds
from infra.bench.testbed import ROOT, Testbed
from infra.bench.turns import relayed

ROUNDS = 60
CLICKS = 30
COLD_ROUNDS = 9
COLD_BOUND = 0.45
# CPU time, since the machine has other work; imports hardly wait.
CLOCK = "import time; began = time.process_time(); {}; print(time.process_time() - began)"
COLD = {"bundle": "import app", "boto3": "import boto3; boto3.client('s3')"}


def lines(place: Testbed) -> Iterator[Figure]:
    """Measure a click next to its two unavoidable requests, then the extra time of a first click."""
    app = place.enter()
    secret = json.loads((place.data / "secrets.json").read_text("utf-8"))["link"]
    os.environ["LINK_SECRETS"] = f"1:{secret}"
    runtime.renew()
    event = _event(place)

    def click() -> None:
        answer = app.app(dict(event), None)
        if answer["statusCode"] != 302:
            raise RuntimeError(f"not played: {answer['body']}")

    taken = alternating({"click": click, "questions": _questions(place)}, ROUNDS)
    yield Figure("asking PostgreSQL and S3 about one file", milliseconds(taken["questions"]))
    yield Figure("a click, warm", milliseconds(taken["click"]), "that", taken["click"] / taken["questions"])
    database, storage = _round_trips(place, click)
    # The months of the record, and then the rows of these months: a search of every month takes longer than both.
    yield Figure("round trips to PostgreSQL a click", f"{database:g}", ratio=database, against="one", at_most=2)
    yield Figure("round trips to S3 a click", f"{storage:g}", ratio=storage, against="one", at_most=1)
    yield from _cold_starts()


def _event(place: Testbed) -> dict[str, Any]:
    link = urlsplit(place.facts["recording"])
    return {
        "requestContext": {
            "resourcePath": "/rest/v1/journal/calls/{inviteid}/attachment1",
            "httpMethod": "GET",
            "path": link.path,
            "requestId": "measured",
        },
        "pathParameters": {"inviteid": link.path.split("/")[-2]},
        "headers": {},
        "multiValueQueryStringParameters": {name: [value] for name, value in parse_qsl(link.query)},
        "stageVariables": None,
        "isBase64Encoded": False,
        "body": None,
    }


def _questions(place: Testbed) -> Callable[[], object]:
    # Importing them reads the settings of the testbed.
    from chalicelib.platform import postgres  # noqa: PLC0415
    from chalicelib.recordings import lookup  # noqa: PLC0415

    gate = postgres.connection(place.role_url("gate"))
    inviteid = UUID(urlsplit(place.facts["recording"]).path.split("/")[-2])

    def ask() -> None:
        recording = lookup.find(gate, inviteid)
        signed_requests.object_size(place.facts["bucket"], f"recordings/{recording.path}")

    return ask


def _round_trips(place: Testbed, click: Callable[[], None]) -> tuple[float, float]:
    """Count the round trips of a warm click to PostgreSQL and to S3, by relays in between."""
    with relayed(place.role_url("gate")) as (gate_url, gate), relayed(place.facts["aws_endpoint_url"]) as (s3_url, s3):
        os.environ.update(GATE_DATABASE_URL=gate_url, AWS_ENDPOINT_URL=s3_url)
        runtime.renew()
        click()
        before = gate.count, s3.count
        for _ in range(CLICKS):
            click()
        turns = (gate.count - before[0]) / CLICKS, (s3.count - before[1]) / CLICKS
    os.environ.update(place.environment())
    runtime.renew()
    return turns


def _cold_starts() -> Iterator[Figure]:
    taken = dict.fromkeys(COLD, math.inf)
    for _ in range(COLD_ROUNDS):
        for name, code in COLD.items():
            taken[name] = min(taken[name], _cold_start(code))
    ratio = taken["bundle"] / taken["boto3"]
    yield Figure("importing boto3 and making an S3 client, CPU", milliseconds(taken["boto3"]))
    yield Figure("all imports of a cold start, CPU", milliseconds(taken["bundle"]), "that", ratio, at_most=COLD_BOUND)


def _cold_start(code: str) -> float:
    inside = {"_HANDLER": "app.recordings", "LAMBDA_TASK_ROOT": str(ROOT), "AWS_DEFAULT_REGION": "us-east-1"}
    credentials = {"AWS_ACCESS_KEY_ID": "measured", "AWS_SECRET_ACCESS_KEY": "measured"}
    done = subprocess.run(
        [sys.executable, "-c", CLOCK.format(code)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **inside, **credentials},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)
