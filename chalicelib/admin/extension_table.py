"""Reads extensions from a CSV."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from chalicelib.admin import csv_table
from chalicelib.admin.csv_table import Columns
from chalicelib.registry.extensions import ExtensionDescription, ExtensionRefused, check

NEEDED = ("provider", "client", "name")
COLUMNS = Columns(NEEDED, [field.name for field in fields(ExtensionDescription) if field.name not in NEEDED])
YES = {"yes", "true", "1"}
NO = {"no", "false", "0", ""}


def read(text: str) -> list[ExtensionDescription]:
    """Return the extensions of a CSV. Raises ExtensionRefused that names the lines and what is wrong with them."""
    descriptions = csv_table.read(text, COLUMNS, _description, ExtensionRefused)
    if not descriptions:
        raise ExtensionRefused("No rows follow the first line")
    return descriptions


def _description(row: Mapping[str, str], _line: int) -> ExtensionDescription:
    values = dict(row)
    word = values.pop("external_only", "").lower()
    if word not in YES | NO:
        raise ExtensionRefused(f"external_only is yes or no, not {word!r}")
    values["type"] = values.get("type") or "phone"
    description = ExtensionDescription(**values, external_only=word in YES)
    check(description)
    return description
