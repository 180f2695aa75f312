"""The cost of an answer of 10,000 rows through the whole handler, next to the usual ways to make JSON in Python."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import orjson
from psycopg2.extras import RealDictCursor

from infra.bench.report import Figure, alternating, milliseconds
from infra.bench.testbed import Testbed, request

QUERY = """select inviteid, invitedt, acallid, anumber, ausername, adomain, acallednum, aouter, bnumber, busername,
dial_dt, start_dt, stop_dt, dial_duration, duration, stopreason, isrec from calls.success limit 10000"""
ROUNDS = 15


def lines(place: Testbed) -> Iterator[Figure]:
    """Measure CPU time of this process and wall time, each way in turn."""
    app = place.enter()
    event = request(place, QUERY)
    connection = place.connect("reader")

    def handler() -> None:
        answer = app.app(dict(event), None)
        if len(answer["body"]) < 1_000_000:
            raise RuntimeError(f"not the answer that is measured: {answer['body'][:200]}")

    def tuples() -> None:
        with connection.cursor() as cursor:
            cursor.execute(QUERY)
            names = [column.name for column in cursor.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            orjson.dumps({"success": True, "error": None, "data": rows}, default=str)

    def dictionaries() -> None:
        with connection.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(QUERY)
            json.dumps({"success": True, "error": None, "data": cursor.fetchall()}, default=str)

    works: dict[str, Callable[[], None]] = {"handler": handler, "tuples": tuples, "dictionaries": dictionaries}
    cpu = alternating(works, ROUNDS, time.process_time)
    wall = alternating(works, ROUNDS)
    yield Figure(
        "handler, client CPU", milliseconds(cpu["handler"]), "tuples + orjson", cpu["handler"] / cpu["tuples"], 0.4
    )
    yield Figure(
        "handler, wall", milliseconds(wall["handler"]), "tuples + orjson", wall["handler"] / wall["tuples"], 1.15
    )
    yield Figure(
        "RealDictCursor + json.dumps, wall",
        milliseconds(wall["dictionaries"]),
        "handler",
        wall["dictionaries"] / wall["handler"],
        at_least=3.5,
    )
    connection.close()
