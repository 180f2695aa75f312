"""The cost of one small query beyond PostgreSQL's own work, and its round trips."""

from __future__ import annotations

from collections.abc import Iterator

from infra.bench.report import Figure, alternating, milliseconds
from infra.bench.testbed import Testbed, request
from infra.bench.turns import round_trips

QUERY = "select inviteid, anumber, duration from calls.success where inviteid = 'a72866b5-0631-87dd-2624-0900000334b5'"
ROUNDS = 300
REQUESTS = 50


def lines(place: Testbed) -> Iterator[Figure]:
    """Measure the warm handler next to the same query through the bare driver, and count its statements."""
    app = place.enter()
    event = request(place, QUERY)
    reader = place.connect("reader")

    def handler() -> None:
        app.app(dict(event), None)

    def bare() -> None:
        with reader.cursor() as cursor:
            cursor.execute(QUERY)
            cursor.fetchall()

    taken = alternating({"handler": handler, "bare": bare}, ROUNDS)
    yield Figure("the same query through the bare driver", milliseconds(taken["bare"]))
    yield Figure("warm handler", milliseconds(taken["handler"]), "the bare driver", taken["handler"] / taken["bare"])
    yield Figure("of it beyond PostgreSQL and the driver", milliseconds(taken["handler"] - taken["bare"]))
    turns = round_trips(place, "reader", handler, REQUESTS)
    yield Figure("round trips a warm request", f"{turns:g}")
    reader.close()
