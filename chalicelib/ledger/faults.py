"""Calls that cannot be written: each is set aside with its reason, and its neighbours go on.

Its rows stay as they were, and later events are stored raw, until a replay of it succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from chalicelib.calls.events import CallKey
from chalicelib.errors import Misconfigured, RingledgerError, Unavailable
from chalicelib.ledger.rows import columns
from chalicelib.platform.postgres import Connection, DatabaseError
from chalicelib.texts import storable

T = TypeVar("T")

_SET_ASIDE = """
UPDATE ledger.calls SET fault = %s, open = false, live = NULL
FROM unnest(%s::text[], %s::text[], %s::text[]) AS broken (provider, client, id)
WHERE calls.provider = broken.provider AND calls.client = broken.client AND calls.id = broken.id AND NOT frozen
"""
_LISTING = """
SELECT provider, client, id, fault, last_accepted_at FROM ledger.calls
WHERE fault <> '' ORDER BY provider, client, id LIMIT %s
"""

UNIQUE_VIOLATION = "23505"
# Class 40 is "transaction rollback" (serialization, deadlock), 53 "insufficient resources", 55 "object not in
# prerequisite state" (a lock not available), 57 "operator intervention" (a statement's time): a retry may succeed.
PASSING_CLASSES = ("40", "53", "55", "57")
LISTED = 10


class Fault(NamedTuple):
    """A call that could not be written, and why."""

    call: CallKey
    reason: str


class CallsFailed(RingledgerError):
    """Some calls could not be worked out; each is set aside with its reason."""

    code = "calls-failed"

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Name the first calls and their reasons."""
        lines = [f"{' '.join(fault.call)}: {fault.reason}" for fault in faults[:LISTED]]
        more = [f"… and {len(faults) - LISTED} more"] if len(faults) > LISTED else []
        super().__init__("\n".join([f"{len(faults)} calls failed and are set aside:", *lines, *more]))


def is_violation(error: Exception) -> bool:
    """Return whether a call claimed a record that another call owns."""
    return isinstance(error, DatabaseError) and error.sqlstate == UNIQUE_VIOLATION


def may_pass(error: Exception) -> bool:
    """Return whether a retry may succeed without any change to the data; a wrong setting is no fault of a call."""
    passes = isinstance(error, DatabaseError) and error.sqlstate.startswith(PASSING_CLASSES)
    return passes or isinstance(error, Misconfigured)


def reason(error: Exception) -> str:
    """Return why something failed, for the operator who looks at it."""
    return error.primary if isinstance(error, DatabaseError) else str(error) or repr(error)


def set_aside(writer: Connection, calls: Sequence[CallKey], why: str) -> None:
    """Mark `calls` as set aside with the reason `why`; frozen calls stay as they are."""
    if calls:
        writer.execute(_SET_ASIDE, [storable(why), *columns(calls)])


def listing(owner: Connection, limit: int) -> list[tuple[Fault, datetime]]:
    """Return the calls that are set aside, and when an event of each was last accepted, naive UTC."""
    return [(Fault(CallKey(*key), why), last) for *key, why, last in owner.execute(_LISTING, [limit])]


def isolated(
    writer: Connection, calls: Sequence[CallKey], work: Callable[[Sequence[CallKey]], T]
) -> tuple[list[T], list[Fault]]:
    """Do `work`, a transaction, for all `calls` together, and when it fails for each alone; set aside those that fail.

    Return what the transactions that succeeded returned, and the faults. Raises Unavailable, and errors that may pass.
    """
    try:
        return [work(calls)], []
    except Unavailable:
        raise
    except Exception as error:
        if len(calls) == 1:
            if may_pass(error):
                raise
            set_aside(writer, calls, reason(error))
            return [], [Fault(calls[0], reason(error))]
    done: list[T] = []
    broken: list[Fault] = []
    for call in calls:
        results, failed = isolated(writer, [call], work)
        done += results
        broken += failed
    return done, broken
