"""What follows from a call's events: rows of the documented tables, and what is known about them besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha1
from typing import NamedTuple
from uuid import UUID

from chalicelib.calls.events import CallKey, fingerprint

Table = tuple[str, str]  # schema, name
Value = str | int | bool | datetime | dict[str, object] | None
Row = dict[str, Value]  # a column that it does not name is null; uuids are text, times naive UTC

SUCCESS: Table = ("calls", "success")
CANCELLED: Table = ("calls", "cancelled")
FAILED: Table = ("calls", "failed")
FORKS: Table = ("calls", "forks")

NAMESPACE = UUID("6f0d5f3e-5d0a-5c39-9a53-7a1f2b1d9c11")
_SPACE = NAMESPACE.bytes
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
SECONDS_LIMIT = 2**31 - 1

#: The stopreason of a row whose end nobody told: visible to whoever reads the table.
NO_END = "Closed: no hangup came"


@dataclass(frozen=True, slots=True)
class Options:
    """How calls are understood; `event_limit` events of one call are interpreted, more are kept raw only."""

    event_limit: int = 1_000
    answer_by_status: bool = True


class Side(NamedTuple):
    """What has no column in the documented tables: why a row is what it is, and what else is known of its call."""

    inviteid: str
    table: Table
    leg_id: str
    complete: bool
    reasons: tuple[str, ...]
    recording: str = ""
    notes: Mapping[str, str] = {}


class OpenLeg(NamedTuple):
    """A leg that is not over: when it `began`, and `since` when its `state` is what it is.

    That is ringing, dialling, waiting (in an IVR or a queue) or talking.
    """

    leg_id: str
    extension: str
    device: str
    state: str
    began: datetime
    since: datetime
    a: str
    b: str


class Records(NamedTuple):
    """All that one call's events give.

    `open` tells that something is still awaited, so that the call is to be closed when it grows too old.
    `successors` names, for each inviteid that fewer events could have given and that is in no table now, the record
    that took its place. `heeded_until`, where there are more events than are interpreted, is when the last of those
    was accepted.
    """

    call: CallKey
    rows: Mapping[Table, list[Row]] = {}
    sides: tuple[Side, ...] = ()
    live: tuple[OpenLeg, ...] = ()
    open: bool = False
    successors: Mapping[str, str] = {}
    flags: tuple[str, ...] = ()
    heeded_until: datetime | None = None


def call_id(call: CallKey) -> str:
    """The inviteid of a missed Telphin call and of an MTT call."""
    return _uuid(call, "call", call.id)


def leg_id(call: CallKey, leg: str) -> str:
    """The inviteid of a Telphin leg that was answered, or of an outgoing one that nobody answered."""
    return _uuid(call, "leg", leg)


def part_id(call: CallKey, *part: str) -> str:
    """The id of a part of a call: a fork, a passage through a queue."""
    return _uuid(call, "part", call.id, *part)


# A leg's id is asked for by its record, its forks and its queue in turn.
@lru_cache(maxsize=1_024)
def _uuid(call: CallKey, *words: str) -> str:
    # As uuid.uuid5 makes it, without an object on the way.
    text = sha1(_SPACE + fingerprint(call.provider, call.client, *words).encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def seconds(begin: datetime, end: datetime) -> int:
    """Whole seconds between two times, none if they are in the wrong order."""
    return min(max(int((end - begin).total_seconds()), 0), SECONDS_LIMIT)


def filled(**columns: Value) -> Row:
    """A row of those columns that have a value."""
    return {name: value for name, value in columns.items() if value or (value is not None and value != "")}
