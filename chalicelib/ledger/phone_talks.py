"""Talks of phones: while one lasts, its phone is busy. Those of a call change under the call's lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.calls.events import CallKey
from chalicelib.calls.records import PhoneTalk
from chalicelib.ledger.rows import as_json
from chalicelib.platform.postgres import Connection

#: Events that are later than this no longer change an interval of a phone by what it talked then.
KEPT = timedelta(days=60)
#: A talk whose end is unknown counts for this long.
LONGEST = timedelta(days=1)

#: SQL: the talks of a call, named `asked`, as JSON; null without any.
STORED = """(
    SELECT json_agg(json_build_array(login, leg_id, since, until)) FROM ledger.phone_talks AS talk
    WHERE talk.provider = asked.provider AND talk.client = asked.client AND talk.call_id = asked.id
)"""

_DROP_OLD = "DELETE FROM ledger.phone_talks WHERE since < %s RETURNING 1"
_DROP = """
DELETE FROM ledger.phone_talks AS known USING json_populate_recordset(NULL::ledger.phone_talks, %s::json) AS past
WHERE known.provider = past.provider AND known.client = past.client AND known.call_id = past.call_id
    AND (known.login, known.leg_id, known.since, known.until)
        IS NOT DISTINCT FROM (past.login, past.leg_id, past.since, past.until)
"""
_ADD = """
INSERT INTO ledger.phone_talks SELECT * FROM json_populate_recordset(NULL::ledger.phone_talks, %s::json)
"""

Texts = tuple[str, str, str, str | None]


class CallTalks(NamedTuple):
    """The talks of a locked call: those that the ledger has, and those that follow from the call's events."""

    key: CallKey
    stored: frozenset[PhoneTalk]
    proven: frozenset[PhoneTalk]


class TalkChanges(NamedTuple):
    """The talks that calls no longer have, and those that they have not had before."""

    past: Sequence[tuple[CallKey, PhoneTalk]] = ()
    new: Sequence[tuple[CallKey, PhoneTalk]] = ()

    @property
    def spans(self) -> Iterator[tuple[str, datetime, datetime]]:
        """The phone of each talk, and the times between which its state may have changed."""
        for _key, talk in (*self.past, *self.new):
            yield talk.login, talk.since, talk.until or talk.since + LONGEST


def from_json(stored: Iterable[Texts] | None) -> frozenset[PhoneTalk]:
    """Return the talks in a column STORED."""
    if not stored:
        return frozenset()
    moment = datetime.fromisoformat
    return frozenset(
        PhoneTalk(login, leg, moment(since), moment(until) if until else None) for login, leg, since, until in stored
    )


def changes(calls: Iterable[CallTalks]) -> TalkChanges:
    """Return how the talks of `calls` differ from those that the ledger has."""
    past: list[tuple[CallKey, PhoneTalk]] = []
    new: list[tuple[CallKey, PhoneTalk]] = []
    for key, stored, proven in calls:
        past += [(key, talk) for talk in stored - proven]
        new += [(key, talk) for talk in proven - stored]
    return TalkChanges(past, new)


def post(writer: Connection, changed: TalkChanges) -> None:
    """Write what changed with the transaction's next statement."""
    if changed.past:
        writer.post(_DROP, [as_json([_row(*talk) for talk in changed.past])])
    if changed.new:
        writer.post(_ADD, [as_json([_row(*talk) for talk in changed.new])])


def drop_old(writer: Connection, before: datetime) -> int:
    """Drop the talks that began before a time, naive UTC, and return how many: intervals that old stay."""
    return len(writer.execute(_DROP_OLD, [before]))


def _row(key: CallKey, talk: PhoneTalk) -> dict[str, object]:
    provider, client, call_id = key
    return {"provider": provider, "client": client, "call_id": call_id, **talk._asdict()}
