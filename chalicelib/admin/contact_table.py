"""Contacts out of a CSV; a cell of numbers may name several, as in `Work:0212 285 3348;Mobile:04122345678`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chalicelib.admin import csv_table
from chalicelib.admin.csv_table import Columns
from chalicelib.calls.numbers import digits
from chalicelib.contacts import ContactRefused, Description

COLUMNS = Columns(("name", "numbers"))
LONGEST_NAME = 200
LONGEST_NUMBER = 40

_BETWEEN = re.compile(r"[;|\n]")


def read(text: str) -> list[Description]:
    """The contacts of a CSV. Raises ContactRefused naming the lines and what is wrong with them."""
    #: Where each number stood.
    lines: dict[str, int] = {}

    def described(row: Mapping[str, str], line: int) -> Description:
        made = _description(row)
        for number in made.numbers:
            if lines.setdefault(number, line) != line:
                raise ContactRefused(f"{number} stands in line {lines[number]} already")
        return made

    return csv_table.read(text, COLUMNS, described, ContactRefused)


def _description(row: Mapping[str, str]) -> Description:
    name = " ".join(row["name"].split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ContactRefused(f"a name is up to {LONGEST_NAME} printable characters")
    numbers = dict(_number(part) for part in _BETWEEN.split(row["numbers"]) if part.strip())
    if not numbers:
        raise ContactRefused("there is no number")
    return Description(name, numbers)


def _number(text: str) -> tuple[str, str]:
    label, _, number = text.rpartition(":")
    found, label = digits(number), " ".join(label.split())
    if len(label) > LONGEST_NAME or not label.isprintable():
        raise ContactRefused(f"a number's label is up to {LONGEST_NAME} printable characters")
    if not 0 < len(found) <= LONGEST_NUMBER or found != "".join(filter(str.isdigit, number)):
        raise ContactRefused(f"{number.strip()!r} is no telephone number")
    return found, label
