"""Reads extensions from a CSV."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from chalicelib.admin import csv_table
from chalicelib.admin.csv_table import TableRow, columns_of
from chalicelib.registry.extensions import ExtensionDescription, ExtensionRefused, check

YES = {"yes", "true", "1"}
NO = {"no", "false", "0", ""}


def _is_yes(word: str) -> bool:
    if word.lower() not in YES | NO:
        raise ValueError(f"external_only is yes or no, not {word.lower()!r}")
    return word.lower() in YES


class ExtensionRow(TableRow):
    """One extension of a CSV."""

    provider: str
    client: str
    name: str
    type: Annotated[str, BeforeValidator(lambda word: word or "phone")] = "phone"
    owner: str = ""
    external_only: Annotated[bool, BeforeValidator(_is_yes)] = False
    remote_id: str = ""
    agent_id: str = ""
    trunks: str = ""


COLUMNS = columns_of(ExtensionRow)


def read(text: str) -> list[ExtensionDescription]:
    """Return the extensions of a CSV. Raise ExtensionRefused with the lines and their errors."""
    descriptions = csv_table.read(text, ExtensionRow, _description, ExtensionRefused)
    if not descriptions:
        raise ExtensionRefused("No rows follow the first line")
    return descriptions


def _description(row: ExtensionRow, _line: int) -> ExtensionDescription:
    description = ExtensionDescription(**row.model_dump())
    check(description)
    return description
