"""CSV tables for import commands: one row per item. All errors are reported with their lines before any change."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from chalicelib.errors import RingledgerError

ERRORS_SHOWN = 10


class TableRow(BaseModel):
    """One row of a table. Its fields are the columns; a column whose field has a default may be missing."""

    model_config = ConfigDict(frozen=True, extra="forbid")


R = TypeVar("R", bound=TableRow)
T = TypeVar("T")


class Columns(NamedTuple):
    """The columns that the first line must name, and those that it may name."""

    needed: Sequence[str]
    others: Sequence[str]

    @property
    def all(self) -> list[str]:
        """Return all allowed column names."""
        return [*self.needed, *self.others]


def columns_of(row: type[TableRow]) -> Columns:
    """Return the columns of a table with such rows."""
    fields = row.model_fields.items()
    needed = [name for name, field in fields if field.is_required()]
    return Columns(needed, [name for name, field in fields if not field.is_required()])


def read(text: str, row: type[R], make: Callable[[R, int], T], refused: type[RingledgerError]) -> list[T]:
    """Return the result of `make` for each row and the number of its line. Values have no outer spaces.

    Values are separated by commas or semicolons. Raise `refused` with the lines and their errors: those that `make`
    raises, and rows that are not a valid `row`.
    """
    head, _, _ = text.removeprefix("\N{BYTE ORDER MARK}").partition("\n")
    lines = io.StringIO(text.removeprefix("\N{BYTE ORDER MARK}"), newline="")
    rows = csv.DictReader(lines, delimiter=";" if ";" in head else ",", restval="")
    items: list[T] = []
    errors: list[str] = []
    try:
        rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or []]
        _check_head(rows.fieldnames, columns_of(row), refused)
        for values in rows:
            try:
                items.append(make(_row(row, values, refused), rows.line_num))
            except refused as error:
                errors.append(f"line {rows.line_num}: {error.message}")
    except csv.Error as error:
        raise refused(f"line {rows.line_num}: {error}") from None
    if errors:
        more = f"; and {len(errors) - ERRORS_SHOWN} more" if len(errors) > ERRORS_SHOWN else ""
        raise refused("; ".join(errors[:ERRORS_SHOWN]) + more)
    return items


def _check_head(names: Sequence[str], columns: Columns, refused: type[RingledgerError]) -> None:
    if set(columns.needed) <= set(names) <= set(columns.all):
        return
    needed = f"column{'s' if len(columns.needed) > 1 else ''} {', '.join(columns.needed)}"
    others = f" and may name {', '.join(columns.others)}" if columns.others else ""
    line = repr(",".join(names)) if names else "empty"
    raise refused(f"The first line must name the {needed}{others}; it is {line}")


def _row(row: type[R], values: Mapping[str | None, object], refused: type[RingledgerError]) -> R:
    if None in values:
        raise refused("there are more values than columns")
    try:
        return row.model_validate({name: str(value).strip() for name, value in values.items()})
    except ValidationError as error:
        # The validators of a row raise ValueError with the text for the operator.
        first = error.errors()[0]
        raise refused(str(first.get("ctx", {}).get("error", first["msg"]))) from None
