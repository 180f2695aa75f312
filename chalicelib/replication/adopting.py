"""Takes over the calls that NiMbox's own Perl script has sent to a CRM, under the keys that the script gave them.

The script writes local times with a `Z`, sends sources as they are, and changes destinations by rules of its own. An
adopted call is offered once more under that key: the CRM answers with the phone call that it has.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote_plus

from chalicelib.platform.postgres import Connection
from chalicelib.replication.cdr import Cdr
from chalicelib.replication.cdr_rows import CdrRow

SHORTEST_DESTINATION = 7
AREA, LOCAL_LENGTH, PREFIX = "0212", 7, "9"

# Doubtful: what the CRM refuses now may have been delivered by the script.
_ADOPT = """
WITH added AS (
    INSERT INTO ledger.replication
        (target, origin, initiated, source, destination, duration, url, reference, sent_as, doubtful)
    SELECT %s, 'cdr', initiated, source, destination, duration, url, reference, sent_as, true
    FROM jsonb_to_recordset(%s::jsonb) AS row (
        initiated timestamp, source text, destination text, duration integer, url text, reference text, sent_as jsonb
    )
    ON CONFLICT (target, initiated, source, destination) DO NOTHING RETURNING 1
)
SELECT count(*) FROM added
"""


class ScriptKey(NamedTuple):
    """The key of a call as the script sent it. `initiated` is the table's time, whatever its zone is."""

    initiated: datetime
    source: str
    destination: str


class Adopted(NamedTuple):
    """The number of rows read, and of calls taken over."""

    read: int
    adopted: int


def script_key(row: CdrRow, changed: Callable[[str], str | None]) -> ScriptKey | None:
    """Return the key under which the script sent a row, or None if it did not send it, or not completely.

    `changed` is its `convertDestination`.
    """
    # The script puts the source into the address unescaped: `#` ends the address, `&` the source.
    source = unquote_plus(row.src.partition("&")[0])
    if len(row.dst.encode()) < SHORTEST_DESTINATION or not source.strip() or "#" in row.src:
        return None
    number = changed(row.dst)
    return None if number is None else ScriptKey(row.moment.replace(tzinfo=None), source, number)


def convert_destination(dialled: str) -> str:
    """Return the destination as the original script changes it."""
    if not dialled.startswith(PREFIX):
        return dialled
    number = dialled.removeprefix(PREFIX)
    return AREA + number if len(number) == LOCAL_LENGTH else number


class ScriptCalls(NamedTuple):
    """The calls that the script may have sent: those of a table between two of its times. `changed` is as above."""

    source: Cdr
    first: datetime
    last: datetime
    changed: Callable[[str], str | None] = convert_destination


def keys(calls: ScriptCalls, limit: int) -> list[tuple[CdrRow, ScriptKey]]:
    """Return the latest rows that the script sent, with their keys. Raise CdrUnavailable and Misconfigured."""
    latest: deque[tuple[CdrRow, ScriptKey]] = deque(maxlen=limit)
    for rows in calls.source.rows(calls.first, calls.last):
        latest.extend((row, key) for row in rows if row and (key := script_key(row, calls.changed)))
    return list(latest)


def adopt(writer: Connection, target: str, calls: ScriptCalls, report: Callable[[int], None]) -> Adopted:
    """Enter the script's calls as pending, under the script's keys. Known calls stay.

    Of two calls that the script sent under one key, only the first is taken over: the CRM has one. A repetition changes
    nothing. Raise CdrUnavailable and Misconfigured.
    """
    read, adopted = 0, 0
    taken: set[ScriptKey] = set()
    for rows in calls.source.rows(calls.first, calls.last):
        entries = []
        for row in filter(None, rows):
            key = script_key(row, calls.changed)
            if key and key not in taken:
                taken.add(key)
                entries.append(_entry(row, key, calls.source))
        adopted += int(writer.execute(_ADOPT, [target, json.dumps(entries, default=str)])[0][0])
        read += len(rows)
        report(read)
    return Adopted(read, adopted)


def _entry(row: CdrRow, key: ScriptKey, source: Cdr) -> dict[str, object]:
    """Return a row of the ledger. A call that the rules for numbers leave out has the script's key there, too."""
    record = source.record(row)
    facts = record._asdict() if record else {**key._asdict(), "duration": row.duration, "url": ""}
    return {**facts, "reference": row.uniqueid, "sent_as": key._asdict()}
