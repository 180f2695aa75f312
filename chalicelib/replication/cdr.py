"""The calls of an Asterisk: its CDR table in MySQL or PostgreSQL. The time column is `calldate`, or newer: `start`."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from chalicelib.errors import Misconfigured
from chalicelib.replication import cdr_database
from chalicelib.replication.cdr_database import Database
from chalicelib.replication.crm_calls import Page, Record, tidy
from chalicelib.replication.number_rules import Rule

TIMES = ("calldate", "start")
NEEDED = ("src", "dst", "duration")
# The word, and the number that cdr_odbc writes without `dispositionstring`.
ANSWERED = {"ANSWERED", "8"}
#: How an unanswered call is sent: with a duration of 0, with the duration in the table, or not at all.
UNANSWERED = ("zero", "whole", "skip")
LONGEST_DURATION = 2**31 - 1

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


class Cdr:
    """The calls of one CDR table.

    A CRM cannot distinguish rows of the same second and the same numbers. They are one call, described by the longest
    row: the others are attempts, such as ringing phones of a group. Their order does not matter.
    """

    name = "cdr"

    def __init__(self, asterisk: Asterisk, rule: Rule) -> None:
        """Store the parameters. The connection opens with the first page."""
        self._asterisk = asterisk
        self._rule = rule

    def pages(self, since: datetime, until: datetime, position: str) -> Generator[Page, None, None]:
        """Yield the pages of one streamed SELECT in order of time. A position is a second in the table's own time zone.

        Raise CdrUnavailable, and Misconfigured if the table lacks a required column.
        """
        zone = self._asterisk.zone
        begin = datetime.fromisoformat(position) if position else _local(since, zone)
        with cdr_database.opened(self._asterisk.url, zone.key) as database:
            names, sql = self._statement(database)
            last: dict[Key, Record] = {}
            for rows in database.rows(sql, [begin, _local(until, zone)]):
                calls = [dict(zip(names, row, strict=True)) for row in rows]
                records = [record for call in calls if (record := self._record(call, until))]
                begin = _second(calls[-1]["moment"], begin)
                carried = len(last)
                done, last = _distinct([*last.values(), *records], _utc(begin, zone))
                yield Page(done, begin.isoformat(), len(rows), carried + len(rows) - len(done) - len(last))
            yield Page(list(last.values()), begin.isoformat(), 0, 0)

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

    def _record(self, call: Mapping[str, Any], until: datetime) -> Record | None:
        number = self._rule(str(call["dst"] or ""))
        began = _utc(call["moment"], self._asterisk.zone)
        if number is None or began is None:
            return None
        seconds = _seconds(call["duration"])
        if began + timedelta(seconds=seconds) > until:
            return None
        if str(call.get("disposition", "ANSWERED")).upper() not in ANSWERED and self._asterisk.unanswered != "whole":
            if self._asterisk.unanswered == "skip":
                return None
            seconds = 0
        url = _FIELD.sub(lambda match: quote(str(call[match[1]]), safe=""), self._asterisk.link)
        return Record(began, tidy(call["src"]), number, seconds, url.replace("%00", ""), tidy(call.get("uniqueid")))


def _distinct(records: list[Record], end: datetime | None) -> tuple[list[Record], dict[Key, Record]]:
    """Return one record for each key. Return those of the second `end` apart, because the next page may have more."""
    best: dict[Key, Record] = {}
    for record in records:
        known = best.get(record[:3])
        best[record[:3]] = max(known, record) if known else record
    last = {key: record for key, record in best.items() if record.initiated == end}
    return [record for key, record in best.items() if key not in last], last


def _seconds(value: object) -> int:
    """Return whole seconds of an integer, a fraction or a text. Return 0 for any other value."""
    try:
        return min(max(0, int(Decimal(str(value)))), LONGEST_DURATION)
    except (InvalidOperation, ValueError, OverflowError):
        return 0


def _utc(value: object, zone: ZoneInfo) -> datetime | None:
    """Return a time of the table as naive UTC in whole seconds. Return None for MySQL's zero dates."""
    if not isinstance(value, datetime):
        return None
    aware = value if value.tzinfo else value.replace(tzinfo=zone)
    return aware.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def _second(value: object, otherwise: datetime) -> datetime:
    return value.replace(microsecond=0) if isinstance(value, datetime) else otherwise
