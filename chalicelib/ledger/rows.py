"""Rows on their way to PostgreSQL: as JSON, or as the columns that `unnest` takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from chalicelib.calls.records import Row, Table
from chalicelib.texts import encodable

# The protocol gives these columns a default, which a row made from JSON would lose.
_DEFAULTS: dict[Table, Row] = {
    ("ivrhuntqevents", "queue_greeting"): {"sys_iscopied": False},
    ("sipuserevents", "sipuser_state_changed"): {"sys_iscopied": False},
    ("sipuserevents", "sipuser_transtate_set"): {"sys_iscopied": False},
}


def by_relation(rows: Iterable[tuple[Table, Row]]) -> dict[str, list[Row]]:
    """Rows under the name of their table, with the defaults of its columns."""
    sorted_out: dict[str, list[Row]] = {}
    for table, row in rows:
        sorted_out.setdefault(".".join(table), []).append(_DEFAULTS.get(table, {}) | row)
    return sorted_out


def columns(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """`rows`, of which there must be one at least, as one list a column."""
    return [list(column) for column in zip(*rows, strict=True)]


def as_json(content: object) -> str:
    """`content` as a text that PostgreSQL takes for jsonb: without NUL and lone surrogates, which it refuses."""
    try:
        text = orjson.dumps(content, default=str).decode()
    except orjson.JSONEncodeError:
        # It takes neither surrogates nor numbers of more than 64 bits, which rows that a PBX made may have.
        text = _dumped(content)
    # Most contents have none, and looking into each of their strings costs more than writing them.
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
