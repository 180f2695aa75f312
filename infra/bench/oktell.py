"""The cost of the Oktell interface's commands: the warm handler, its round trips, and the start of its Lambda."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from chalicelib.platform import runtime
from infra.bench.report import Figure, alternating, milliseconds
from infra.bench.testbed import ROOT, Testbed
from infra.bench.turns import round_trips

ROUNDS = 100
REQUESTS = 20
STARTS = 5
#: Command -> the round trips that it takes when its token is cached.
COMMANDS: dict[str, tuple[dict[str, str], int]] = {
    "tst_getuserstate": ({"iduser": "DA803F01-EA77-40FA-BC9D-E2EFB36FD5A8"}, 1),
    "tst_getintnumberreadyusers": ({"number": "120"}, 1),
    "wp_getchaincontent": ({"user": "ivan"}, 1),
    "wp_getabonentinfo": ({"user": "ivan"}, 1),
    "wp_setuserstate": ({"user": "ivan", "userstateid": "1"}, 5),
    "getlicenseinfo": ({"detail": "regserial"}, 0),
}
NOTHING = "import app"
EMPTY = "import chalice.app, aws_lambda_powertools, psycopg2"


def lines(place: Testbed) -> Iterator[Figure]:
    """Measure each command in turns with an empty statement through the bare driver."""
    app = place.enter()
    os.environ["WRITER_DATABASE_URL"] = place.role_url("writer")
    runtime.renew()
    writer = place.connect("writer")

    def bare() -> None:
        with writer.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchall()

    def ask(command: str) -> Callable[[], None]:
        def work() -> None:
            answer = app.app(_event(place, command), None)
            if answer["statusCode"] != 200:
                raise RuntimeError(f"{command} answered {answer}")

        return work

    works = {command: ask(command) for command in COMMANDS}
    taken = alternating({"": bare, **works}, ROUNDS)
    yield Figure("a round trip of the bare driver", milliseconds(taken[""]))
    for command, (_, trips) in COMMANDS.items():
        counted = round_trips(place, "writer", works[command], REQUESTS)
        yield Figure(f"{command}, warm", milliseconds(taken[command]), f"{counted:g} round trips")
        if trips:
            yield Figure("  its round trips, token remembered", f"{counted:g}", "those expected", counted / trips, 1.05)
    began, peer = _start("app.oktell", NOTHING), _start("", EMPTY)
    yield Figure("loading the Lambda", milliseconds(began), "its three packages alone", began / peer, 2.5)
    writer.close()


def _start(handler: str, code: str) -> float:
    """Return the seconds of a process that loads it: the least of several, since other work only adds to it."""
    environment = {"PATH": os.environ["PATH"], "_HANDLER": handler, "LAMBDA_TASK_ROOT": str(ROOT)}
    return min(_timed([sys.executable, "-c", code], environment) for _ in range(STARTS))


def _timed(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return time.perf_counter() - began


def _event(place: Testbed, command: str) -> dict[str, Any]:
    """Return the event that API Gateway sends for one request."""
    parameters = {"password": place.facts["tokens"]["oktell"], **COMMANDS[command][0]}
    return {
        "requestContext": {
            "resourcePath": "/{command}",
            "httpMethod": "GET",
            "path": f"/{command}",
            "requestId": "measured",
        },
        "pathParameters": {"command": command},
        "headers": {},
        "multiValueQueryStringParameters": {name: [value] for name, value in parameters.items()},
        "stageVariables": None,
        "isBase64Encoded": False,
        "body": None,
    }
