"""Reads contacts from a CSV. A cell of numbers may have several, as in `Work:0212 285 3348;Mobile:04122345678`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

from chalicelib.admin import csv_table
from chalicelib.admin.csv_table import TableRow, columns_of
from chalicelib.calls.numbers import digits
from chalicelib.nimbox.contacts import ContactRefused, Description

LONGEST_NAME = 200
LONGEST_NUMBER = 40

_BETWEEN = re.compile(r"[;|\n]")
# Whatever else stands in a number, such as an extension's "ext. 5" or a minus of a formula, makes another number.
_WRITTEN = re.compile(r"'?\+?[0-9(][0-9 ().\-/\u00a0\u2007\u2010-\u2013\u202f]*")


def _name(text: str) -> str:
    name = " ".join(text.split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError(f"a name has up to {LONGEST_NAME} printable characters")
    return name


def _numbers(text: str) -> dict[str, str]:
    numbers = dict(_number(part) for part in _BETWEEN.split(text) if part.strip())
    if not numbers:
        raise ValueError("there is no number")
    return numbers


def _number(text: str) -> tuple[str, str]:
    label, _, written = text.rpartition(":")
    number, label = digits(written), " ".join(label.split())
    if len(label) > LONGEST_NAME or not label.isprintable():
        raise ValueError(f"a number's label has up to {LONGEST_NAME} printable characters")
    if not (0 < len(number) <= LONGEST_NUMBER and _WRITTEN.fullmatch(written.strip())):
        raise ValueError(f"{written.strip()!r} is not a telephone number")
    return number, label


class ContactRow(TableRow):
    """One contact of a CSV, with the label of each number."""

    name: Annotated[str, BeforeValidator(_name)]
    numbers: Annotated[dict[str, str], BeforeValidator(_numbers)]


COLUMNS = columns_of(ContactRow)


def read(text: str) -> list[Description]:
    """Return the contacts of a CSV. Raise ContactRefused with the lines and their errors."""
    lines: dict[str, int] = {}

    def describe(row: ContactRow, line: int) -> Description:
        for number in row.numbers:
            if lines.setdefault(number, line) != line:
                raise ContactRefused(f"{number} is in line {lines[number]} already")
        return Description(row.name, row.numbers)

    return csv_table.read(text, ContactRow, describe, ContactRefused)
