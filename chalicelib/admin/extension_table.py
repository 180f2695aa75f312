"""Extensions out of a CSV: one row each, every fault named with its line before anything is registered."""

from __future__ import annotations

import csv
import io
from dataclasses import fields

from chalicelib.extensions import Description, ExtensionRefused, check

COLUMNS = tuple(field.name for field in fields(Description))
NEEDED = ("provider", "client", "name")
YES = {"yes", "true", "1"}
NO = {"no", "false", "0", ""}
FAULTS_SHOWN = 10


def read(text: str) -> list[Description]:
    """The extensions of a CSV with a head, separated by commas or semicolons.

    Raises ExtensionRefused naming the lines and what is wrong with them.
    """
    text = text.removeprefix("\N{BYTE ORDER MARK}")
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=";" if ";" in head else ",", restval="")
    _check_head([name.strip().lower() for name in rows.fieldnames or []])
    described: list[Description] = []
    faults: list[str] = []
    for row in rows:
        try:
            described.append(_description({str(name).strip().lower(): value for name, value in row.items()}))
        except ExtensionRefused as fault:
            faults.append(f"line {rows.line_num}: {fault.message}")
    if faults:
        more = f"; and {len(faults) - FAULTS_SHOWN} more" if len(faults) > FAULTS_SHOWN else ""
        raise ExtensionRefused("; ".join(faults[:FAULTS_SHOWN]) + more)
    return described


def _check_head(names: list[str]) -> None:
    missing, unknown = set(NEEDED) - set(names), set(names) - set(COLUMNS)
    if missing or unknown:
        raise ExtensionRefused(
            f"The first line must name the columns {', '.join(NEEDED)} and may name"
            f" {', '.join(name for name in COLUMNS if name not in NEEDED)}; it is {','.join(names) or 'empty'!r}"
        )


def _description(row: dict[str, str | list[str] | None]) -> Description:
    if not all(isinstance(value, str) for value in row.values()):
        raise ExtensionRefused("there are more values than columns")
    values = {name: str(value).strip() for name, value in row.items()}
    word = values.pop("external_only", "").lower()
    if word not in YES | NO:
        raise ExtensionRefused(f"external_only is yes or no, not {word!r}")
    values["type"] = values.get("type") or "phone"
    described = Description(**values, external_only=word in YES)
    check(described)
    return described
