"""The rows of an Asterisk's CDR table as pydantic models, and their times in UTC."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError

from chalicelib.platform.models import DeferredModel
from chalicelib.replication.crm_calls import tidy

# The word, and the number that cdr_odbc writes without `dispositionstring`.
ANSWERED = {"ANSWERED", "8"}
LONGEST_DURATION = 2**31 - 1
# A clock is put back by less than this.
LONGEST_SHIFT = timedelta(hours=3)

#: Asterisk's uniqueid: a name of the system if it has one, the seconds since 1970, and a number.
_EPOCH = re.compile(r"(?:.*-)?([0-9]{9,11})\.[0-9]+")


def _moment(value: object) -> datetime:
    """Return the time of a row. Raise ValueError for MySQL's zero dates and for anything else that is no time."""
    if not isinstance(value, datetime):
        raise ValueError("is no time")  # noqa: TRY004 - pydantic reports it
    return value.replace(microsecond=0)


def _text(value: object) -> str:
    """Return a text without the padding of `char(n)`. Columns of bytes are read as UTF-8."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = bytes(value).decode(errors="replace")
    return tidy(value).strip()


def _seconds(value: object) -> int:
    """Return whole seconds of an integer, a fraction or a text. Return 0 for any other value."""
    try:
        return min(max(0, int(Decimal(_text(value)))), LONGEST_DURATION)
    except (InvalidOperation, ValueError, OverflowError):
        return 0


Text = Annotated[str, BeforeValidator(_text)]


class CdrRow(DeferredModel):
    """One row. `moment` is its time as the table has it, `values` are its columns, `duration` is in seconds."""

    model_config = ConfigDict(frozen=True)

    moment: Annotated[datetime, BeforeValidator(_moment)]
    src: Text = ""
    dst: Text = ""
    duration: Annotated[int, BeforeValidator(_seconds)] = 0
    disposition: Text = "ANSWERED"
    uniqueid: Text = ""
    values: dict[str, Text] = Field(default_factory=dict)

    @property
    def answered(self) -> bool:
        """Return whether the call was picked up. Without a disposition, every call counts as answered."""
        return self.disposition.upper() in ANSWERED

    @property
    def created(self) -> float | None:
        """Return when Asterisk created the call, in seconds since 1970, or None if its uniqueid does not tell."""
        match = _EPOCH.fullmatch(self.uniqueid)
        return float(match[1]) if match else None


def read(columns: Mapping[str, object]) -> CdrRow | None:
    """Return the row with these columns, or None if it has no time."""
    try:
        return CdrRow.model_validate({**columns, "values": columns})
    except ValidationError:
        return None


@dataclass(frozen=True)
class TableClock:
    """The time zone of a table's times."""

    zone: ZoneInfo

    def utc(self, row: CdrRow) -> datetime:
        """Return the time of a row as naive UTC. In the hour that occurs twice, the uniqueid decides."""
        if row.moment.tzinfo:
            return _naive(row.moment)
        earlier, later = (_naive(row.moment.replace(tzinfo=self.zone, fold=fold)) for fold in (0, 1))
        if earlier >= later or row.created is None:
            return earlier
        created = datetime.fromtimestamp(row.created, UTC).replace(tzinfo=None)
        return min((earlier, later), key=lambda moment: abs(moment - created))

    def first(self, since: datetime) -> datetime:
        """Return a time of the table that no row of `since` or later precedes, even if the clock was put back."""
        return since + min(self._offset(since), self._offset(since + LONGEST_SHIFT))

    def last(self, until: datetime) -> datetime:
        """Return a time of the table that no row of `until` or earlier follows."""
        return until + max(self._offset(until), self._offset(until - LONGEST_SHIFT))

    def _offset(self, moment: datetime) -> timedelta:
        return moment.replace(tzinfo=UTC).astimezone(self.zone).utcoffset() or timedelta()


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
