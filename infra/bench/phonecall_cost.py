"""The cost of creating a phone call beyond PostgreSQL's own work, and its round trips."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from chalicelib.nimbox import phonecalls
from chalicelib.platform import runtime
from infra.bench.report import Figure, alternating, milliseconds
from infra.bench.testbed import Testbed
from infra.bench.turns import round_trips

ROUNDS = 300
REQUESTS = 50
BOUND_SECONDS = 0.001
ROUND_TRIPS = 1
NUMBER = "02122853348"
BEGIN = datetime(2000, 1, 1)  # noqa: DTZ001 - UTC, as everywhere in the ledger


def lines(place: Testbed) -> Iterator[Figure]:
    """Measure the warm handler in turns with the same statement through the bare driver, for new and known calls."""
    app = place.enter()
    os.environ["WRITER_DATABASE_URL"] = place.role_url("writer")
    runtime.renew()
    writer = place.connect("writer")
    moments = (BEGIN + timedelta(seconds=second) for second in itertools.count())

    def handler(moment: datetime) -> None:
        answer = app.app(_event(place, moment), None)
        if not json.loads(answer["body"]).get("phonecallId"):
            raise RuntimeError(f"not created: {answer['body']}")

    def bare(moment: datetime) -> None:
        key = {"initiated": moment.isoformat(), "source": "7222", "destination": NUMBER}
        call = {**key, "duration": 45, "url": "", "inviteid": str(uuid4()), "integration": ""}
        with writer.cursor() as cursor:
            cursor.execute(phonecalls.CREATE, [json.dumps(call), "{}", False, ""])
            cursor.fetchall()

    works: dict[str, Callable[[], None]] = {
        "a new call": lambda: handler(next(moments)),
        "a new call, bare": lambda: bare(next(moments)),
        "one that is there": lambda: handler(BEGIN),
        "one that is there, bare": lambda: bare(BEGIN),
    }
    taken = alternating(works, ROUNDS)
    for name in ("a new call", "one that is there"):
        beyond = taken[name] - taken[f"{name}, bare"]
        yield Figure(f"{name}, warm handler", milliseconds(taken[name]))
        yield Figure(
            "of it beyond PostgreSQL and the driver",
            milliseconds(beyond),
            milliseconds(BOUND_SECONDS),
            beyond / BOUND_SECONDS,
            1,
        )
    turns = round_trips(place, "writer", lambda: handler(next(moments)), REQUESTS)
    yield Figure("round trips a new call, token remembered", f"{turns:g}", "one", turns / ROUND_TRIPS, 1.05)
    writer.close()


def _event(place: Testbed, moment: datetime) -> dict[str, Any]:
    """Return the event that API Gateway sends for one request."""
    query = {
        "token": [place.facts["tokens"]["nimbox"]],
        "initiated": [moment.isoformat()],
        "source": ["7222"],
        "destination": [NUMBER],
        "duration": ["45"],
        "url": ["http://192.168.128.96/recordings/7222"],
    }
    return {
        "requestContext": {
            "resourcePath": "/direct/items/phonecalls/create",
            "httpMethod": "GET",
            "path": "/direct/items/phonecalls/create",
            "requestId": "measured",
        },
        "pathParameters": None,
        "headers": {},
        "multiValueQueryStringParameters": query,
        "stageVariables": None,
        "isBase64Encoded": False,
        "body": None,
    }
