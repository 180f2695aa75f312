"""The cost of the consumer next to a bare insert of the same raw events, and its growth with the ledger."""

from __future__ import annotations

import itertools
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalicelib import settings
from chalicelib.admin.migrations import migrate
from chalicelib.admin.roles import ensure_roles
from chalicelib.calls.events import Raw
from chalicelib.envelope.messages import Message, written
from chalicelib.envelope.reading import read
from chalicelib.ledger import store
from chalicelib.ledger.rows import columns
from chalicelib.maintenance import partitions
from chalicelib.platform import runtime
from chalicelib.platform.nonblocking import NonblockingConnection
from chalicelib.platform.postgres import Connection
from chalicelib.registry import extensions
from chalicelib.registry.extensions import ExtensionDescription
from chalicelib.settings import Settings
from infra.bench.report import Figure, alternating, milliseconds, say
from infra.bench.testbed import Testbed
from infra.bench.turns import relayed

SIZES = (10, 100)
ROUNDS = 30
MONTHS = 36
STORED = 1_000_000
FULL = "full_ledger"
SCRIPTED = "scripted_ledger"
TALKS = 200_000
PHONECALLS = 20_000
CROWD = 10_000
EPOCH_MICROSECONDS = 1_700_000_000_000_000
KINDS = ("dial-in", "answer", "hangup")
# The plain statement, in the order of the key.
INSERT = """
INSERT INTO ledger.events (
    accepted_at, id, provider, client, call_id, extension, generation, method, query, content_type, body
)
SELECT * FROM unnest(
    %s::timestamp[], %s::uuid[], %s::text[], %s::text[], %s::text[], %s::integer[], %s::integer[], %s::text[],
    %s::text[], %s::text[], %s::bytea[]
) AS event (accepted_at, id) ORDER BY accepted_at, id
ON CONFLICT DO NOTHING
"""
FILL = """
INSERT INTO ledger.events (
    accepted_at, id, provider, client, call_id, extension, generation, method, query, content_type, body
)
SELECT now() AT TIME ZONE 'UTC' - (number %% 36) * interval '30 days' - number * interval '1 millisecond',
    md5(number::text)::uuid, 'telphin', '13596', 'stored-' || number / 3, 1, 1, 'POST', '', '', ''
FROM generate_series(1, %s) AS number
"""

# Talks of one phone in the day before the measured calls.
FILL_TALKS = """
INSERT INTO ledger.phone_talks (provider, client, call_id, login, leg_id, since, until)
SELECT 'telphin', '13596', 'stored-' || number, '13596*106', number::text, since, since + interval '200 milliseconds'
FROM generate_series(1, %s) AS number
CROSS JOIN LATERAL (
    SELECT to_timestamp(%s) AT TIME ZONE 'UTC' - number * interval '400 milliseconds' AS since
) AS begin
"""

# Phone calls that a script has created and that no PBX has reported, one every ten seconds of the measured calls.
FILL_PHONECALLS = """
WITH contact AS (INSERT INTO ledger.contacts DEFAULT VALUES RETURNING id)
INSERT INTO ledger.phonecalls (contact, initiated, source, destination, inviteid, own)
SELECT contact.id, to_timestamp(%s) AT TIME ZONE 'UTC' + number * interval '10 seconds', '13596*107',
    (74950000000 + number)::text, gen_random_uuid(), true
FROM contact, generate_series(1, %s) AS number
"""

_numbers = itertools.count()


def lines(place: Testbed) -> Iterator[Figure]:
    """Measure wall time for a batch of new calls with three events each, in turns with the bare insert of as many."""
    os.environ.update(place.environment())
    runtime.renew()
    writer, owner = NonblockingConnection(place.role_url("writer")), Connection(place.owner_url)
    extension = place.facts["extensions"]["phone"]["id"]
    now = datetime.now(UTC).replace(tzinfo=None)
    partitions.prepare(owner, now)
    for size in SIZES:
        taken = alternating(_works(writer, extension, size), ROUNDS)
        yield Figure(f"inserting {size} raw events", milliseconds(taken["insert"]))
        ratio = taken["take"] / taken["insert"]
        yield Figure(f"taking a batch of {size}", milliseconds(taken["take"]), "inserting", ratio, at_most=4)
    yield _spread(writer, extension)
    yield Figure("round trips, a batch of 10 and one of 100", _round_trips(place, extension))
    full, known = _full_ledger(place, now)
    for size in SIZES:
        works = {"empty": _works(writer, extension, size)["take"], "full": _works(full, known, size)["take"]}
        taken = alternating(works, ROUNDS)
        ratio = taken["full"] / taken["empty"]
        title = f"taking a batch of {size}, {STORED:,} events stored"
        yield Figure(title, milliseconds(taken["full"]), "the empty ledger", ratio, at_most=1.3)
    yield _scripted(place, writer, extension)
    yield from _crowded(writer, extension)
    # Autovacuum of a million rows would slow the measurements that follow.
    for name in (FULL, SCRIPTED):
        owner.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _works(writer: Connection, extension: int, size: int) -> dict[str, Callable[[], object]]:
    # Both begin with ready messages, so that making them costs neither.
    batches = iter([[_queued(message) for message in batch(extension, size)] for _ in range(2 * (ROUNDS + 1))])
    return {
        "insert": lambda: _insert(writer, list(map(read, next(batches)))),
        "take": lambda: store.take(writer, list(map(read, next(batches)))),
    }


def _spread(writer: Connection, extension: int) -> Figure:
    """Measure 99 calls at a time, with the events of each call in three successive batches, as they really come."""
    sets = (batch(extension, 297) for _ in itertools.count())
    parts = (events[part::3] for events in sets for part in range(3))
    works = {
        "insert": lambda: _insert(writer, batch(extension, 99)),
        "take": lambda: [store.take(writer, next(parts)) for _ in range(3)],
    }
    taken = alternating(works, ROUNDS // 3)
    mean = taken["take"] / 3
    return Figure(
        "taking 99 calls, an event of each in a batch", milliseconds(mean), "inserting", mean / taken["insert"]
    )


def _queued(message: Message) -> str:
    return written(message.raw, message.extension, message.generation)


def _insert(writer: Connection, messages: Sequence[Message]) -> None:
    # As durable as the measured work: one transaction a batch, into the same partitions with the same indexes.
    rows: list[Sequence[Any]] = [
        (m.raw.accepted_at, m.raw.id, "telphin", "13596", m.raw.id, m.extension, 1, "POST", "", "", m.raw.body)
        for m in messages
    ]
    with writer.transaction():
        writer.execute(INSERT, columns(rows))


def batch(extension: int, size: int) -> list[Message]:
    """Return the messages of `size` events, a multiple of three: three for each new call.

    Batches have different times, since one phone cannot be in several calls at once.
    """
    begin = next(_numbers) * 1_200
    return [_message(extension, f"call-{begin + number // 3}", begin + number) for number in range(size)]


def _message(extension: int, call: str, number: int) -> Message:
    now = datetime.now(UTC)
    fields = {
        "EventType": KINDS[number % 3],
        "CallID": call,
        "SubCallID": f"1138241-{call}-{number // 3}",
        "CallStatus": "ANSWER" if number % 3 else "CALLING",
        "CallFlow": "in",
        "CallerIDNum": "+79214567892",
        "CalledNumber": "13596*106",
        "EventTime": str(EPOCH_MICROSECONDS + number * 1_000_000),
    }
    raw = Raw(str(uuid.uuid4()), now.replace(tzinfo=None), "telphin", body=urlencode(fields).encode())
    return Message(raw, extension, 1)


def _round_trips(place: Testbed, extension: int) -> str:
    counts = []
    with relayed(place.role_url("writer")) as (url, turns):
        writer = NonblockingConnection(url)
        store.take(writer, batch(extension, 3))
        for size in SIZES:
            before = turns.count
            store.take(writer, batch(extension, size))
            counts.append(turns.count - before)
        writer.close()
    return " and ".join(map(str, counts))


def _scripted(place: Testbed, writer: Connection, extension: int) -> Figure:
    """Measure what it costs to compare each new call with the phone calls of scripts, in a ledger that has many."""
    own, known = _other_ledger(place, SCRIPTED)
    Connection(own.owner_database_url).execute(FILL_PHONECALLS, [_next_time(), PHONECALLS])
    size = SIZES[-1]
    works = {
        "without": _works(writer, extension, size)["take"],
        "with": _works(NonblockingConnection(own.writer_database_url), known, size)["take"],
    }
    taken = alternating(works, ROUNDS)
    return Figure(
        f"taking a batch of {size}, {PHONECALLS:,} phone calls of scripts",
        milliseconds(taken["with"]),
        "without any",
        taken["with"] / taken["without"],
    )


def _full_ledger(place: Testbed, now: datetime) -> tuple[Connection, int]:
    """Make a second ledger with a million events on the same server; return its writer and one of its extensions."""
    own, known = _other_ledger(place, FULL)
    _fill(Connection(own.owner_database_url), now)
    return NonblockingConnection(own.writer_database_url), known


def _other_ledger(place: Testbed, name: str) -> tuple[Settings, int]:
    """Make an empty ledger in a database on the same server; return its settings and one of its extensions."""
    Connection(place.owner_url).execute(f"CREATE DATABASE {name}")
    there = {"DATABASE_URL": place.owner_url}
    there |= {f"{role.upper()}_DATABASE_URL": place.role_url(role) for role in ("reader", "gate", "writer")}
    urls = {variable: urlsplit(url)._replace(path=f"/{name}").geturl() for variable, url in there.items()}
    own = settings.load(urls)
    migrate(own.owner_database_url)
    ensure_roles(own)
    known = extensions.add(own.owner_database_url, ExtensionDescription("telphin", "13596", "13596*106"))
    return own, known.id


def _fill(owner: Connection, now: datetime) -> None:
    say(f"  storing {STORED:,} events of {MONTHS} months …\n")
    for distance in range(MONTHS + 1):
        partitions.prepare(owner, now - timedelta(days=30 * distance))
    owner.execute(FILL, [STORED])
    owner.execute(FILL_TALKS, [TALKS, _next_time()])
    owner.execute("VACUUM ANALYZE ledger.events")


def _next_time() -> int:
    """Return the time of the next batch's first event, in seconds since 1970."""
    return EPOCH_MICROSECONDS // 1_000_000 + next(_numbers) * 1_200


def _crowded(writer: Connection, extension: int) -> Iterator[Figure]:
    call = f"crowd-{next(_numbers)}"
    taken: list[float] = []
    for begin in range(0, CROWD, 100):
        batch = [_message(extension, call, begin + number) for number in range(100)]
        taken.append(_seconds(writer, batch))
    yield Figure("one call of 10,000 events: its first batch of 100", milliseconds(taken[0]))
    yield Figure("its last batch of 100", milliseconds(taken[-1]), "its first", taken[-1] / taken[0])


def _seconds(writer: Connection, batch: list[Message]) -> float:
    began = datetime.now(UTC)
    store.take(writer, batch)
    return (datetime.now(UTC) - began).total_seconds()
