"""CSV tables for import commands: one row per item. All errors are reported with their lines before any change."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from chalicelib.errors import RingledgerError

T = TypeVar("T")
ERRORS_SHOWN = 10


class Columns(NamedTuple):
    """The columns that the first line must name, and those that it may name."""

    needed: Sequence[str]
    others: Sequence[str] = ()

    @property
    def all(self) -> list[str]:
        """Return all allowed column names."""
        return [*self.needed, *self.others]


def read(
    text: str, columns: Columns, make: Callable[[Mapping[str, str], int], T], refused: type[RingledgerError]
) -> list[T]:
    """Return the result of `make` for each row. It gets the row's stripped values by column, and its line number.

    Values are separated by commas or semicolons. Raise `refused` with the lines and their errors: those that `make`
    raises, and rows that cannot be read.
    """
    head, _, _ = text.removeprefix("\N{BYTE ORDER MARK}").partition("\n")
    lines = io.StringIO(text.removeprefix("\N{BYTE ORDER MARK}"), newline="")
    rows = csv.DictReader(lines, delimiter=";" if ";" in head else ",", restval="")
    items: list[T] = []
    errors: list[str] = []
    try:
        rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or []]
        _check_head(rows.fieldnames, columns, refused)
        for row in rows:
            try:
                items.append(make(_values(row, refused), rows.line_num))
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


def _values(row: Mapping[str | None, object], refused: type[RingledgerError]) -> dict[str, str]:
    if None in row:
        raise refused("there are more values than columns")
    return {str(name): str(value).strip() for name, value in row.items()}
