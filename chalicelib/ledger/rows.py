"""Converts rows to parameters of statements: JSON, or one array for each column."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from chalicelib.calls.records import Row, Table
from chalicelib.texts import encodable

# The protocol gives these columns a default, which json_populate_recordset does not apply.
_DEFAULTS: dict[Table, Row] = {
    ("ivrhuntqevents", "queue_greeting"): {"sys_iscopied": False},
    ("sipuserevents", "sipuser_state_changed"): {"sys_iscopied": False},
    ("sipuserevents", "sipuser_transtate_set"): {"sys_iscopied": False},
}


def by_relation(rows: Iterable[tuple[Table, Row]]) -> dict[str, list[Row]]:
    """Group rows by the name of their table, and add the defaults of its columns."""
    grouped: dict[str, list[Row]] = {}
    for table, row in rows:
        grouped.setdefault(".".join(table), []).append(_DEFAULTS[table] | row if table in _DEFAULTS else row)
    return grouped


def columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """Return `rows` as one list for each column. There must be one row at least."""
    return [list(column) for column in zip(*rows, strict=True)]


def as_json(content: object) -> str:
    """Return `content` as JSON that PostgreSQL accepts: without NUL and lone surrogates."""
    try:
        text = orjson.dumps(content, default=str).decode()
    except orjson.JSONEncodeError:
        # orjson refuses surrogates and numbers of more than 64 bits. Rows that a PBX posts may have both.
        text = _dumped(content)
    # Most contents have no NUL, and searching each string takes longer than serialising it.
    return _dumped(_without_nul(content)) if "\\u0000" in text else text


def _dumped(content: object) -> str:
    return encodable(json.dumps(content, default=str, ensure_ascii=False))


def _without_nul(content: object) -> object:
    if isinstance(content, str):
        return content.replace("\0", "")
    if isinstance(content, Mapping):
        return {name: _without_nul(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_without_nul(value) for value in content]
    return content
