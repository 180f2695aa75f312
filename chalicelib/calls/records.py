"""The result of correlating a call: rows of the documented tables, and the facts beside them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha1
from typing import NamedTuple
from uuid import UUID, uuid5

from chalicelib.calls.events import CallKey, fingerprint

Table = tuple[str, str]  # schema, name
Value = str | int | bool | datetime | dict[str, object] | None
Row = dict[str, Value]  # a missing column is null; uuids are text, times naive UTC

SUCCESS: Table = ("calls", "success")
CANCELLED: Table = ("calls", "cancelled")
FAILED: Table = ("calls", "failed")
FORKS: Table = ("calls", "forks")

NAMESPACE = UUID("6f0d5f3e-5d0a-5c39-9a53-7a1f2b1d9c11")
_SPACE = NAMESPACE.bytes
_VARIANT = {digit: "89ab"[int(digit, 16) % 4] for digit in "0123456789abcdef"}
SECONDS_LIMIT = 2**31 - 1

#: The stopreason of a row whose end was never reported; readers of the table see it.
NO_END = "Closed: no hangup came"


class Side(NamedTuple):
    """The facts of one record that have no column in the documented tables.

    `reasons` say why the row is what it is. `first_event` is when a leg's own events begin: it tells which round of a
    leg id the record was made of.
    """

    inviteid: str
    table: Table
    leg_id: str
    complete: bool
    reasons: tuple[str, ...]
    recording: str = ""
    notes: Mapping[str, str] = {}
    first_event: datetime | None = None


class OpenLeg(NamedTuple):
    """A leg that is not over: it `began` at one time and is in its `state` `since` another.

    The state is ringing, dialling, waiting (in an IVR or a queue) or talking.
    """

    leg_id: str
    extension: str
    device: str
    state: str
    began: datetime
    since: datetime
    a: str
    b: str


class PhoneTalk(NamedTuple):
    """A time during which a phone was in use: from its pick-up, or its dialling, until its hangup if that is known."""

    login: str
    leg_id: str
    since: datetime
    until: datetime | None


class Records(NamedTuple):
    """Everything that follows from the events of one call.

    `open` says that further events are expected; the call is closed when it grows too old, or at `close_at` where that
    is known. `successors` maps each inviteid that a part of the events, or an earlier release, would have given to the
    record in its place; where that depends on the round of a leg, `round_successors` maps the inviteid and the first
    event of the round to that record. `interpreted_until` is the acceptance time of the last interpreted event of a
    call that has more events than are interpreted.
    """

    call: CallKey
    rows: Mapping[Table, list[Row]] = {}
    sides: tuple[Side, ...] = ()
    live: tuple[OpenLeg, ...] = ()
    talks: tuple[PhoneTalk, ...] = ()
    open: bool = False
    successors: Mapping[str, str] = {}
    round_successors: Mapping[str, Mapping[str, str]] = {}
    flags: tuple[str, ...] = ()
    interpreted_until: datetime | None = None
    close_at: datetime | None = None


def call_id(call: CallKey) -> str:
    """Return the inviteid of a missed Telphin call or of an MTT call."""
    return _uuid(call, "call", call.id)


def leg_id(call: CallKey, leg: str, anchor: str = "") -> str:
    """Return the inviteid of an answered Telphin leg or of an outgoing one that was not answered.

    `anchor` tells the rounds of a leg id apart that the call uses several times.
    """
    return _uuid(call, "leg", call.id, leg, anchor)


def former_leg_id(call: CallKey, leg: str) -> str:
    """Return the inviteid that releases before 0.2 gave to a leg, which did not depend on its call."""
    return _uuid(call, "leg", leg)


def part_id(call: CallKey, *part: str) -> str:
    """Return the id of a part of a call: a fork, a passage through a queue."""
    return _uuid(call, "part", call.id, *part)


# The record, the forks and the queue passages of a leg each need its id.
@lru_cache(maxsize=1_024)
def _uuid(call: CallKey, *words: str) -> str:
    # Equal to str(uuid.uuid5(…)), without creating an object.
    text = sha1(_SPACE + fingerprint(call.provider, call.client, *words).encode(), usedforsecurity=False).hexdigest()
    return f"{text[:8]}-{text[8:12]}-5{text[13:16]}-{_VARIANT[text[16]]}{text[17:20]}-{text[20:32]}"


def person_id(extension: str) -> str:
    """Return the id of whoever uses an extension, where a table wants a uuid; it is the same in every call."""
    return str(uuid5(NAMESPACE, f"extension {extension}"))


def seconds(begin: datetime, end: datetime) -> int:
    """Return the whole seconds from `begin` to `end`, 0 if they are in the wrong order."""
    return min(max(int((end - begin).total_seconds()), 0), SECONDS_LIMIT)


def filled(**columns: Value) -> Row:
    """Return a row of those `columns` that have a value."""
    return {name: value for name, value in columns.items() if value or (value is not None and value != "")}
