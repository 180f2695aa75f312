"""The cost of gzip, CSV and several queries in one request, through the whole handler."""

from __future__ import annotations

import gzip
import io
import json
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any

from infra.bench.answering import QUERY
from infra.bench.report import Figure, alternating, milliseconds
from infra.bench.testbed import Testbed, request

ROUNDS = 15
PANELS = 12
#: A panel of a dashboard: its cost is mostly that of a request.
PANEL = "select count(*) from calls.failed"


def lines(place: Testbed) -> Iterator[Figure]:
    """Measure each form next to the plain one or to the server's own."""
    app = place.enter()

    def handled(event: dict[str, Any]) -> Callable[[], dict[str, Any]]:
        def answer() -> dict[str, Any]:
            answered: dict[str, Any] = app.app(dict(event), None)
            if answered["statusCode"] != 200:
                raise RuntimeError(f"not the answer that is measured: {answered['body'][:200]}")
            return answered

        return answer

    yield from _compression(handled(request(place, QUERY)), handled(_accepting_gzip(request(place, QUERY))))
    yield from _csv(place, handled(request(place, QUERY, format="csv")))
    yield from _batch(place, handled)
    yield from _unchanged(place, handled(request(place, QUERY)), app)


def _accepting_gzip(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "headers": {**event["headers"], "accept-encoding": "gzip"}}


def _compression(plain: Callable[[], dict[str, Any]], compressed: Callable[[], dict[str, Any]]) -> Iterator[Figure]:
    taken = alternating({"plain": plain, "gzip": compressed}, ROUNDS)
    whole = plain()["body"].encode()
    sent = len(b64decode(compressed()["body"]))
    yield Figure("gzip, wall", milliseconds(taken["gzip"]), "without", taken["gzip"] / taken["plain"], at_most=2)
    yield Figure("gzip, bytes sent", f"{sent / 1_000:.0f} kB", "the plain answer", sent / len(whole), at_most=0.25)
    best = len(gzip.compress(whole, 9))
    yield Figure("gzip, bytes sent", f"{sent / 1_000:.0f} kB", "the best level", sent / best, at_most=1.5)


def _csv(place: Testbed, handler: Callable[[], dict[str, Any]]) -> Iterator[Figure]:
    connection = place.connect("reader")
    copy = f"COPY ({QUERY}) TO STDOUT (FORMAT csv, HEADER)"

    def driver() -> None:
        with connection.cursor() as cursor:
            cursor.copy_expert(copy, io.BytesIO())

    works: dict[str, Callable[[], object]] = {"handler": handler, "driver": driver}
    if shutil.which("psql"):
        command = ["psql", "-qX", place.role_url("reader"), "-c", copy]
        works["psql"] = lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    taken = alternating(works, ROUNDS)
    yield Figure(
        "CSV, wall", milliseconds(taken["handler"]), "COPY alone", taken["handler"] / taken["driver"], at_most=3
    )
    if "psql" in taken:
        yield Figure("CSV, wall", milliseconds(taken["handler"]), "psql's COPY", taken["handler"] / taken["psql"])
    connection.close()


def _batch(place: Testbed, handled: Callable[[dict[str, Any]], Callable[[], object]]) -> Iterator[Figure]:
    queries = {f"panel {number}": {"psql": PANEL} for number in range(PANELS)}
    body = json.dumps({"entity": "chronological", "action": "data", "options": {"queries": queries}})
    batch, single = handled({**request(place, PANEL), "body": body}), handled(request(place, PANEL))

    def one_by_one() -> None:
        for _ in range(PANELS):
            single()

    taken = alternating({"batch": batch, "single": one_by_one}, ROUNDS)
    ratio = taken["batch"] / taken["single"]
    yield Figure(f"{PANELS} queries in a batch", milliseconds(taken["batch"]), f"{PANELS} requests", ratio, at_most=1)


def _unchanged(place: Testbed, handler: Callable[[], dict[str, Any]], app: Any) -> Iterator[Figure]:  # noqa: ANN401 - the bundle
    event = request(place, QUERY)
    event["headers"]["if-none-match"] = handler()["headers"]["ETag"]

    def unchanged() -> None:
        if app.app(dict(event), None)["statusCode"] != 304:
            raise RuntimeError("the tables changed during the measurement")

    taken = alternating({"whole": handler, "unchanged": unchanged}, ROUNDS, time.perf_counter)
    ratio = taken["unchanged"] / taken["whole"]
    yield Figure("an unchanged answer (304)", milliseconds(taken["unchanged"]), "the whole one", ratio, at_most=0.1)
