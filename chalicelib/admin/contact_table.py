"""Contacts out of a CSV: one row each, every fault named with its line before anything is registered."""

from __future__ import annotations

import csv
import io
import re

from chalicelib.calls.numbers import digits
from chalicelib.contacts import ContactRefused, Description

COLUMNS = ("name", "numbers")
LONGEST_NAME = 200
LONGEST_NUMBER = 40
FAULTS_SHOWN = 10

_BETWEEN = re.compile(r"[;|\n]")


def read(text: str) -> list[Description]:
    """The contacts of a CSV with a head, separated by commas or semicolons; a cell of numbers may name several.

    As in `Work:0212 285 3348;Mobile:04122345678`. Raises ContactRefused naming the lines and what is wrong with them.
    """
    text = text.removeprefix("\N{BYTE ORDER MARK}")
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",", restval="")
    try:
        return _described(rows, head)
    except csv.Error as fault:
        raise ContactRefused(f"line {rows.line_num}: {fault}") from None


def _described(rows: csv.DictReader[str], head: str) -> list[Description]:
    if sorted(name.strip().lower() for name in rows.fieldnames or []) != sorted(COLUMNS):
        raise ContactRefused(f"The first line must name the columns {', '.join(COLUMNS)}; it is {head.strip()!r}")
    described: list[Description] = []
    faults: list[str] = []
    lines: dict[str, int] = {}
    for row in rows:
        try:
            described.append(_description(row, lines, rows.line_num))
        except ContactRefused as fault:
            faults.append(f"line {rows.line_num}: {fault.message}")
    if faults:
        more = f"; and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        raise ContactRefused("; ".join(faults[:FAULTS_SHOWN]) + more)
    return described


def _description(row: dict[str, str], lines: dict[str, int], line: int) -> Description:
    """`lines` holds where each number stood before."""
    if None in row:
        raise ContactRefused("there are more values than columns")
    values = {name.strip().lower(): value.strip() for name, value in row.items()}
    name = " ".join(values["name"].split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ContactRefused(f"a name is up to {LONGEST_NAME} printable characters")
    numbers = dict(_number(part) for part in _BETWEEN.split(values["numbers"]) if part.strip())
    if not numbers:
        raise ContactRefused("there is no number")
    for number in numbers:
        if lines.setdefault(number, line) != line:
            raise ContactRefused(f"{number} stands in line {lines[number]} already")
    return Description(name, numbers)


def _number(text: str) -> tuple[str, str]:
    label, _, number = text.rpartition(":")
    found, label = digits(number), " ".join(label.split())
    if len(label) > LONGEST_NAME or not label.isprintable():
        raise ContactRefused(f"a number's label is up to {LONGEST_NAME} printable characters")
    if not 0 < len(found) <= LONGEST_NUMBER or found != "".join(filter(str.isdigit, number)):
        raise ContactRefused(f"{number.strip()!r} is no telephone number")
    return found, label
