"""CSV files of things to register: one row each, every fault named with its line before anything is done."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from chalicelib.errors import RingledgerError

T = TypeVar("T")
FAULTS_SHOWN = 10


class Columns(NamedTuple):
    """What the first line must name, and what else it may."""

    needed: Sequence[str]
    others: Sequence[str] = ()

    @property
    def all(self) -> list[str]:
        """Every name that the first line may hold."""
        return [*self.needed, *self.others]


def read(
    text: str, columns: Columns, make: Callable[[Mapping[str, str], int], T], refused: type[RingledgerError]
) -> list[T]:
    """What `make` makes of each row, which it gets by column without outer blanks, and of the number of its line.

    Values are separated by commas or semicolons. Raises `refused` naming the lines and what is wrong with them: what
    `make` raises of it, and rows that are none.
    """
    head, _, _ = text.removeprefix("\N{BYTE ORDER MARK}").partition("\n")
    lines = io.StringIO(text.removeprefix("\N{BYTE ORDER MARK}"), newline="")
    rows = csv.DictReader(lines, delimiter=";" if ";" in head else ",", restval="")
    found: list[T] = []
    faults: list[str] = []
    try:
        rows.fieldnames = [name.strip().lower() for name in rows.fieldnames or []]
        _check_head(rows.fieldnames, columns, refused)
        for row in rows:
            try:
                found.append(make(_values(row, refused), rows.line_num))
            except refused as fault:
                faults.append(f"line {rows.line_num}: {fault.message}")
    except csv.Error as fault:
        raise refused(f"line {rows.line_num}: {fault}") from None
    if faults:
        more = f"; and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        raise refused("; ".join(faults[:FAULTS_SHOWN]) + more)
    return found


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
