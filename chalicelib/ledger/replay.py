"""Rebuilds rows from the raw events of a period, a page of calls at a time, and reports what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from chalicelib.calls import presence
from chalicelib.calls.events import CallKey
from chalicelib.errors import RingledgerError
from chalicelib.ledger import faults, history, raw_events, store
from chalicelib.ledger.faults import Fault
from chalicelib.ledger.locking import Span
from chalicelib.ledger.writing import Change
from chalicelib.platform.postgres import Connection

CALLS_AT_ONCE = 200
EVENTS_AT_ONCE = 1_000

_FROZEN = """
SELECT count(*), max(last_accepted_at) FROM ledger.calls
WHERE frozen AND last_accepted_at >= %s AND first_accepted_at < %s AND (%s = '' OR provider = %s)
"""
_COUNT = """
SELECT count(*) FROM (
    SELECT DISTINCT provider, client, call_id FROM ledger.events
    WHERE call_id <> '' AND accepted_at >= %s AND accepted_at < %s AND (%s = '' OR provider = %s)
) AS call
"""
_CALLS = """
SELECT provider, client, call_id, min(accepted_at), max(accepted_at) FROM ledger.events
WHERE call_id <> '' AND accepted_at >= %s AND accepted_at < %s AND (%s = '' OR provider = %s)
    AND (provider, client, call_id) > (%s, %s, %s)
GROUP BY provider, client, call_id ORDER BY provider, client, call_id LIMIT %s
"""
_LOOSE = f"""
SELECT {raw_events.COLUMNS}
FROM ledger.events AS event LEFT JOIN ledger.extensions AS source ON source.id = event.extension
WHERE (call_id = '' OR (event.provider, event.client, call_id) IN (
        SELECT calls.provider, calls.client, calls.id FROM ledger.calls WHERE interpreted_until IS NOT NULL
    ))
    AND event.provider <> 'native' AND accepted_at >= %s AND accepted_at < %s AND (%s = '' OR event.provider = %s)
    AND (accepted_at, event.id) > (%s, %s)
ORDER BY accepted_at, event.id LIMIT %s
"""  # noqa: S608 - a constant of this module


class RangeFrozen(RingledgerError):
    """Retention dropped raw events of calls in this period, so their rows cannot be rebuilt."""

    code = "range-frozen"
    status = 409


@dataclass
class Report:
    """The result of a replay: calls looked at, by table how many records were `gone` or `made`, and what failed."""

    calls: int = 0
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)


Tell = Callable[[int], None]


def count(owner: Connection, since: datetime, until: datetime, provider: str = "") -> int:
    """Return how many calls have events accepted from `since` until before `until`, naive UTC.

    An empty `provider` counts those of all. Raises RangeFrozen when retention dropped events of some of them.
    """
    period = [since, until, provider, provider]
    frozen, last = owner.execute(_FROZEN, period)[0]
    if frozen:
        raise RangeFrozen(
            f"Retention dropped raw events of {frozen} calls in this period; what was accepted after {last} can be"
            " replayed"
        )
    return int(owner.execute(_COUNT, period)[0][0])


def replay(owner: Connection, since: datetime, until: datetime, provider: str, tell: Tell) -> Report:
    """Bring the rows of the calls of a period, whatever state they are in, to what follows from their events.

    A call that fails is set aside and reported, and the others go on. Call `tell` with the number of calls done. Each
    page is a transaction of its own; an interrupted replay may be repeated. Raises Unavailable and DatabaseError.
    """
    period = [since, until, provider, provider]
    report, last = Report(), CallKey("", "", "")
    while rows := owner.execute(_CALLS, [*period, *last, CALLS_AT_ONCE]):
        spans = {CallKey(*key): (first, latest) for *key, first, latest in rows}
        pages, failed = rebuild(owner, spans)
        for relation, change, number in chain.from_iterable(pages):
            report.changes[relation, change] += number
        report.calls += len(spans)
        report.faults += failed
        last = CallKey(*rows[-1][:3])
        tell(report.calls)
    _replay_loose(owner, period)
    return report


def rebuild(owner: Connection, spans: Mapping[CallKey, Span]) -> tuple[list[list[Change]], list[Fault]]:
    """Bring the rows of calls to what follows from their events, together or else one by one.

    Return what changed in each transaction, and the calls that failed and are set aside.
    """

    def work(calls: Sequence[CallKey]) -> list[Change]:
        with owner.transaction():
            return store.rebuild(owner, {call: spans[call] for call in calls})

    return faults.isolated(owner, sorted(spans), work)


def _replay_loose(owner: Connection, period: list[object]) -> None:
    """Write what single events prove that were read for no call: of agents, and beyond the limit of a call."""
    after: list[object] = [datetime.min, "00000000-0000-0000-0000-000000000000"]  # noqa: DTZ901 - before any event
    while rows := owner.execute(_LOOSE, [*period, *after, EVENTS_AT_ONCE]):
        with owner.transaction():
            history.write(owner, presence.changes(event for row in rows for event in raw_events.events_of(row, {})))
        after = [rows[-1][1], rows[-1][0]]
