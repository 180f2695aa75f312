"""CSV tables for import commands: one row per item. All errors are reported with their lines before any change."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from pydantic import ConfigDict, ValidationError

from chalicelib.errors import RingledgerError
from chalicelib.platform.models import DeferredModel

ERRORS_SHOWN = 10

#: What a spreadsheet writes in place of a value, and the explanation for the operator.
_ARTEFACTS = (
    (re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*E[+-]?|E[+])[0-9]+", re.IGNORECASE),
     "is how a spreadsheet shortens a long number, and its last digits are lost: format the column as text"),
    (re.compile(r"[+-]?[0-9]{5,}[.,]0*"), "has a decimal point, as in a spreadsheet: format the column as text"),
    (re.compile(r"#+"), "is a column of a spreadsheet that was too narrow: widen it and export again"),
    (re.compile(r"#[^#]*[A-Z]/[0A-Z]!?|#[^#]*[A-Z][!?]", re.IGNORECASE), "is an error of a spreadsheet's formula"),
    (re.compile(r"=.*", re.DOTALL), "is a formula of a spreadsheet: export its value"),
)  # fmt: skip


class TableRow(DeferredModel):
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
    items: list[T] = []
    errors: list[str] = []
    for line, values in _rows(text, columns_of(row), refused):
        try:
            items.append(make(_row(row, values, refused), line))
        except refused as error:
            errors.append(f"line {line}: {error.message}")
    if errors:
        more = f"; and {len(errors) - ERRORS_SHOWN} more" if len(errors) > ERRORS_SHOWN else ""
        raise refused("; ".join(errors[:ERRORS_SHOWN]) + more)
    return items


def _rows(
    text: str, columns: Columns, refused: type[RingledgerError]
) -> Iterator[tuple[int, Mapping[str | None, object]]]:
    """Yield each row with the number of its first line. Raise `refused` for a line that is no CSV."""
    text = text.removeprefix("\N{BYTE ORDER MARK}")
    head, _, _ = text.partition("\n")
    # Without `strict`, a quote that is never closed would swallow the rest of the file.
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",", restval="", strict=True)
    line = 1
    try:
        rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or []]
        _check_head(rows.fieldnames, columns, refused)
        line = rows.line_num + 1
        for values in rows:
            yield line, values
            line = rows.line_num + 1
    except csv.Error as error:
        end = " to the end of the file" if "end of data" in str(error) else f", read up to line {rows.line_num}"
        quote = f"a quotation mark opens in this row and is not closed properly{end}"
        raise refused(f"line {line}: {quote if _is_about_quotes(error) else error}") from None


def _is_about_quotes(error: csv.Error) -> bool:
    return "end of data" in str(error) or "expected after" in str(error)


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
        cells = {str(name): str(value).strip() for name, value in values.items()}
        for name, cell in cells.items():
            _check_cell(name, cell)
        return row.model_validate(cells)
    except _Artefact as artefact:
        raise refused(str(artefact)) from None
    except ValidationError as error:
        # The validators of a row raise ValueError with the text for the operator.
        first = error.errors()[0]
        raise refused(str(first.get("ctx", {}).get("error", first["msg"]))) from None


class _Artefact(ValueError):
    """A cell holds something that a spreadsheet wrote in place of its value."""


def _check_cell(name: str, cell: str) -> None:
    # A cell may hold several values, each after a label: `Work:7.92146E+10|Mobile:04122345678`.
    for part in re.split(r"[|;\n]", cell):
        value = part.rpartition(":")[2].strip()
        for pattern, explanation in _ARTEFACTS:
            if pattern.fullmatch(value):
                raise _Artefact(f"{name}: {value[:40]!r} {explanation}")
