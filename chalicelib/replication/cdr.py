"""The calls of an Asterisk: its table cdr in MySQL or PostgreSQL, whose time is called calldate or, newer, start."""

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
# As a word, and as cdr_odbc writes it without `dispositionstring`.
ANSWERED = {"ANSWERED", "8"}
#: What the CRM hears of a call that nobody answered: a duration of 0, the table's own, or nothing.
UNANSWERED = ("zero", "whole", "skip")
LONGEST_DURATION = 2**31 - 1

Key = tuple[datetime, str, str]

_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Asterisk:
    """Where the table is and how it is read; `link` is an address with `{column}` for the values of a row."""

    url: str = field(repr=False)
    table: str
    zone: ZoneInfo
    link: str = ""
    unanswered: str = UNANSWERED[0]


class Cdr:
    """The calls of one such table.

    Rows of one second that a CRM cannot tell apart are one call, told by the longest of them: the others are attempts
    at it, such as the phones of a group that rang. So it does not matter in which order they come.
    """

    name = "cdr"

    def __init__(self, asterisk: Asterisk, rule: Rule) -> None:
        """Connect when pages are asked for."""
        self._asterisk = asterisk
        self._rule = rule

    def pages(self, since: datetime, until: datetime, position: str) -> Generator[Page, None, None]:
        """One streamed SELECT in the order of time; a position is a second in the table's own zone.

        Raises CdrUnavailable; Misconfigured when the table lacks a column that is needed.
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
                held = len(last)
                done, last = _told_apart([*last.values(), *records], _utc(begin, zone))
                yield Page(done, begin.isoformat(), len(rows), held + len(rows) - len(done) - len(last))
            yield Page(list(last.values()), begin.isoformat(), 0, 0)

    def _statement(self, database: Database) -> tuple[list[str], str]:
        there = database.columns(self._asterisk.table)
        moment = next((name for name in TIMES if name in there), None)
        missing = [name for name in NEEDED if name not in there] + ([] if moment else [" or ".join(TIMES)])
        named = _FIELD.findall(self._asterisk.link)
        missing += [name for name in named if name not in there]
        if missing or moment is None:
            raise Misconfigured(f"The table {self._asterisk.table} has no column {', '.join(missing)}")
        names = sorted({*NEEDED, *named, *({"uniqueid", "disposition"} & set(there))})
        column = database.quoted(moment)
        listed = ", ".join([f"{column} AS moment", *map(database.quoted, names)])
        # Names that the table itself gave, or that were checked; values are parameters.
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
        url = _FIELD.sub(lambda found: quote(str(call[found[1]]), safe=""), self._asterisk.link)
        return Record(began, tidy(call["src"]), number, seconds, url.replace("%00", ""), tidy(call.get("uniqueid")))


def _told_apart(records: list[Record], end: datetime | None) -> tuple[list[Record], dict[Key, Record]]:
    """One record for each key, and apart those of the second `end`, of which more may come."""
    best: dict[Key, Record] = {}
    for record in records:
        known = best.get(record[:3])
        best[record[:3]] = max(known, record) if known else record
    last = {key: record for key, record in best.items() if record.initiated == end}
    return [record for key, record in best.items() if key not in last], last


def _seconds(value: object) -> int:
    """Whole seconds of a column that is an integer, or has fractions, or is a text; 0 for what is no duration."""
    try:
        return min(max(0, int(Decimal(str(value)))), LONGEST_DURATION)
    except (InvalidOperation, ValueError, OverflowError):
        return 0


def _utc(value: object, zone: ZoneInfo) -> datetime | None:
    """A time of the table as naive UTC in whole seconds; None for MySQL's zero dates."""
    if not isinstance(value, datetime):
        return None
    aware = value if value.tzinfo else value.replace(tzinfo=zone)
    return aware.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)


def _second(value: object, otherwise: datetime) -> datetime:
    return value.replace(microsecond=0) if isinstance(value, datetime) else otherwise
