"""The calls of an Asterisk: its CDR table in MySQL or PostgreSQL. The time column is `calldate`, or newer: `start`."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from chalicelib.errors import Misconfigured
from chalicelib.replication import cdr_database, cdr_rows
from chalicelib.replication.cdr_database import Database
from chalicelib.replication.cdr_rows import CdrRow, TableClock
from chalicelib.replication.crm_calls import Page, Record
from chalicelib.replication.number_rules import Rule

TIMES = ("calldate", "start")
NEEDED = ("src", "dst", "duration")
#: How an unanswered call is sent: with a duration of 0, with the duration in the table, or not at all.
UNANSWERED = ("zero", "whole", "skip")

Key = tuple[datetime, str, str]

_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Asterisk:
    """The address of the table and the way to read it. `link` is a URL with `{column}` for the values of a row."""

    url: str = field(repr=False)
    table: str
    zone: ZoneInfo
    link: str = ""
    unanswered: str = UNANSWERED[0]


class _Leg(NamedTuple):
    """A row that may describe its call. The greatest leg of a call does: an answered one, then the longest."""

    answered: bool
    record: Record
    moment: datetime


class Cdr:
    """The calls of one CDR table.

    A CRM cannot distinguish rows of the same second and the same numbers. They are one call, described by an answered
    row before the others, and by the longest of those: the others are attempts, such as ringing phones of a group.
    Their order does not matter.
    """

    name = "cdr"

    def __init__(self, asterisk: Asterisk, rule: Rule) -> None:
        """Store the parameters. The connection opens with the first page."""
        self._asterisk = asterisk
        self._clock = TableClock(asterisk.zone)
        self._rule = rule

    def pages(self, since: datetime, until: datetime, position: str) -> Generator[Page, None, None]:
        """Yield the pages of one streamed SELECT in order of time. A position is a second in the table's own time zone.

        Raise CdrUnavailable, and Misconfigured if the table lacks a required column.
        """
        begin = datetime.fromisoformat(position) if position else self._clock.first(since)
        last: dict[Key, _Leg] = {}
        for rows in self.rows(begin, self._clock.last(until)):
            read = [row for row in rows if row]
            legs = [leg for row in read if (leg := self._leg(row, since, until))]
            begin = read[-1].moment if read else begin
            carried = len(last)
            done, last = _distinct([*last.values(), *legs], begin)
            yield Page(done, begin.isoformat(), len(rows), carried + len(rows) - len(done) - len(last))
        yield Page([leg.record for leg in last.values()], begin.isoformat(), 0, 0)

    def rows(self, first: datetime, last: datetime) -> Generator[list[CdrRow | None], None, None]:
        """Yield the rows between two times of the table, both included, in pages. A row without a time is None."""
        with cdr_database.opened(self._asterisk.url, self._asterisk.zone.key) as database:
            names, sql = self._statement(database)
            for rows in database.rows(sql, [first, last]):
                yield [cdr_rows.read(dict(zip(names, row, strict=True))) for row in rows]

    def _statement(self, database: Database) -> tuple[list[str], str]:
        columns = database.columns(self._asterisk.table)
        moment = next((name for name in TIMES if name in columns), None)
        missing = [name for name in NEEDED if name not in columns] + ([] if moment else [" or ".join(TIMES)])
        link_columns = _FIELD.findall(self._asterisk.link)
        missing += [name for name in link_columns if name not in columns]
        if missing or moment is None:
            raise Misconfigured(f"The table {self._asterisk.table} has no column {', '.join(missing)}")
        names = sorted({*NEEDED, *link_columns, *({"uniqueid", "disposition"} & set(columns))})
        column = database.quoted(moment)
        listed = ", ".join([f"{column} AS moment", *map(database.quoted, names)])
        # The names come from the table itself or were checked against it; values are parameters.
        sql = f"SELECT {listed} FROM {database.quoted(self._asterisk.table)}"  # noqa: S608
        return ["moment", *names], f"{sql} WHERE {column} >= %s AND {column} <= %s ORDER BY {column}"

    def _leg(self, row: CdrRow, since: datetime, until: datetime) -> _Leg | None:
        began = self._clock.utc(row)
        # Where the clock was put back, the table's times reach further than the window.
        if began < since or began + timedelta(seconds=row.duration) > until:
            return None
        record = self.record(row)
        return _Leg(row.answered, record, row.moment) if record else None

    def record(self, row: CdrRow) -> Record | None:
        """Return the call as the CRM receives it, or None if the settings leave the row out."""
        number = self._rule(row.dst)
        if number is None or not (row.answered or self._asterisk.unanswered != "skip"):
            return None
        seconds = row.duration if row.answered or self._asterisk.unanswered == "whole" else 0
        url = _FIELD.sub(lambda match: quote(row.values[match[1]], safe=""), self._asterisk.link)
        return Record(self._clock.utc(row), row.src, number, seconds, url, row.uniqueid)


def _distinct(legs: list[_Leg], end: datetime) -> tuple[list[Record], dict[Key, _Leg]]:
    """Return one record for each key. Return those of the second `end` apart, because the next page may have more."""
    best: dict[Key, _Leg] = {}
    for leg in legs:
        known = best.get(leg.record[:3])
        best[leg.record[:3]] = max(known, leg) if known else leg
    last = {key: leg for key, leg in best.items() if leg.moment == end}
    return [leg.record for key, leg in best.items() if key not in last], last
