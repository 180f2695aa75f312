"""How many events one writer takes in a second, beside growing tables, and what they cost its processors.

Processor time is that of the consumer's process and of its connection's process in PostgreSQL. Unlike the time on the
clock it hardly depends on other load, so the events of a processor's second are the ceiling of a core.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator, Sequence

from chalicelib.ledger import store
from chalicelib.platform import runtime
from chalicelib.platform.nonblocking import NonblockingConnection
from chalicelib.platform.postgres import Connection
from infra.bench import processor
from infra.bench.grown_places import GrownPlace
from infra.bench.ingesting import batch
from infra.bench.report import Figure

#: Messages of a batch: SQS brings up to so many at little and at much traffic.
SIZES = (10, 99)
EVENTS = 1_500


def lines(places: Sequence[GrownPlace]) -> Iterator[Figure]:
    """Measure whole calls whose three events come in three batches, one after another."""
    for place in places:
        os.environ.update(place.bed.environment())
        runtime.renew()
        writer = NonblockingConnection(place.bed.role_url("writer"))
        for size in SIZES:
            yield from _measured(place, writer, size)
        writer.close()


def _measured(place: GrownPlace, writer: Connection, size: int) -> Iterator[Figure]:
    extension = place.bed.facts["extensions"]["phone"]["id"]
    ((server,),) = writer.execute("SELECT pg_backend_pid()")
    sets = (batch(extension, 3 * size) for _ in itertools.count())
    batches = [
        events[part::3] for events, _ in zip(sets, range(EVENTS // (3 * size) + 1), strict=False) for part in range(3)
    ]
    store.take(writer, batches.pop(0))
    began, consumer, database = time.perf_counter(), time.process_time(), processor.seconds_of(server)
    for events in batches:
        store.take(writer, events)
    wall = time.perf_counter() - began
    consumer, database = time.process_time() - consumer, processor.seconds_of(server) - database
    taken = sum(map(len, batches))
    name = f"batches of {size} beside {place.calls:,} calls"
    yield Figure(name, f"{taken / wall:,.0f}/s", "events of one writer by the clock")
    yield Figure("  a core of the consumer", f"{taken / consumer:,.0f}/s")
    yield Figure("  a core of PostgreSQL", f"{taken / database:,.0f}/s")
