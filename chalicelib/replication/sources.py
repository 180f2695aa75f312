"""The sources of calls for the CRM. A source yields pages in its own order, and continues from any position."""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime
from typing import Protocol
from uuid import UUID

from chalicelib.platform.postgres import Connection, Row
from chalicelib.replication.crm_calls import Page, Record, tidy
from chalicelib.replication.number_rules import Rule

PAGE_ROWS = 1_000
FIRST = str(UUID(int=0))

# Only outgoing calls: the CRM finds its contact by the dialled number. `initiated` is the time when dialling began.
_TABLES = {
    "success": """
        SELECT invitedt, inviteid, coalesce(dial_dt, invitedt) AS initiated, anumber AS source, bnumber AS destination,
            coalesce(duration, 0) AS duration, coalesce(isrec, false) AS recorded, stop_dt
        FROM calls.success WHERE bouter AND aouter IS NOT TRUE""",
    "cancelled": """
        SELECT invitedt, inviteid, coalesce(dial_dt, invitedt) AS initiated, fromnumber AS source,
            callednum AS destination, 0 AS duration, false AS recorded, stop_dt
        FROM calls.cancelled WHERE fromouter IS FALSE""",
    "failed": """
        SELECT invitedt, inviteid, invitedt AS initiated, fromnumber AS source, callednum AS destination,
            0 AS duration, false AS recorded, invitedt AS stop_dt
        FROM calls.failed WHERE fromouter IS FALSE""",
}

# The inner query follows the index on invitedt, so that the cost of a page does not grow with the table. A call is
# ready if it ended before `until` and has not changed since. Calls from NiMbox's service are not sent back.
_PAGE = """
SELECT invitedt, call.inviteid, initiated, coalesce(source, ''), coalesce(destination, ''), duration, recorded,
    coalesce(stop_dt, invitedt) <= %(until)s AND (
        record.inviteid IS NULL OR record.provider <> 'nimbox' AND record.changed_at <= %(until)s AT TIME ZONE 'UTC'
    )
FROM (
    {table} AND invitedt >= %(from)s AND invitedt < %(until)s AND (invitedt, inviteid) > (%(from)s, %(after)s)
    ORDER BY invitedt, inviteid FETCH FIRST %(rows)s ROWS WITH TIES
) AS call
LEFT JOIN ledger.records AS record ON record.inviteid = call.inviteid
ORDER BY invitedt, call.inviteid
"""
_PAGES = {name: _PAGE.replace("{table}", table.strip()) for name, table in _TABLES.items()}
_ANSWERED = ("success",)


class CallSource(Protocol):
    """A source of calls. `name` is its name in the settings and in the ledger."""

    name: str

    def pages(self, since: datetime, until: datetime, position: str) -> Generator[Page, None, None]:
        """Yield the calls that began after `since` and were over at `until`, in naive UTC. Continue from `position`.

        Raise Unavailable, or CdrUnavailable if only this source is away.
        """


class OwnCalls:
    """The calls in Ringledger's own documented tables."""

    name = "calls"

    def __init__(self, reader: Connection, rule: Rule, link: Callable[[UUID], str], *, unanswered: bool) -> None:
        """Read through `reader`. `link` returns the permanent address of a call's recording."""
        self._reader = reader
        self._rule = rule
        self._link = link
        self._tables = tuple(_PAGES) if unanswered else _ANSWERED

    def pages(self, since: datetime, until: datetime, position: str) -> Generator[Page, None, None]:
        """Read each page with one statement, so that no cursor stays open. Raise Unavailable and DatabaseError."""
        table, begin, after = _read(position) if position else (self._tables[0], since, FIRST)
        for name in self._tables[self._tables.index(table) :]:
            yield from self._pages_of(name, begin, until, after)
            begin, after = since, FIRST

    def _pages_of(self, table: str, begin: datetime, until: datetime, after: str) -> Generator[Page, None, None]:
        while rows := self._reader.execute(
            _PAGES[table], {"from": begin, "after": after, "until": until, "rows": PAGE_ROWS}
        ):
            begin, after = rows[-1][:2]
            ready = [row for row in rows if row[-1]]
            records = [record for row in ready if (record := self._record(row))]
            yield Page(records, f"{table} {begin.isoformat()} {after}", len(ready), len(ready) - len(records))

    def _record(self, row: Row) -> Record | None:
        _, inviteid, initiated, source, destination, duration, recorded, _ = row
        number = self._rule(destination)
        if number is None:
            return None
        url = self._link(UUID(inviteid)) if recorded else ""
        return Record(initiated.replace(microsecond=0), tidy(source), number, max(0, duration), url, inviteid)


def _read(position: str) -> tuple[str, datetime, str]:
    table, moment, inviteid = position.split(" ")
    return table, datetime.fromisoformat(moment), inviteid
