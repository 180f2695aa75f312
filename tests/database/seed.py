"""Reader of the statistics channel's tables in its original protocol document."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

SEED = Path(__file__).parents[3] / "shared" / "seeds" / "axatel-statistics-channel.ru.txt"

FOOTER = "Last updated"

Columns = dict[str, str]

_TIMESTAMP = "timestamp without time zone"
_TYPES = {"character": "character varying", "timestamp withouttime zone": _TIMESTAMP}
_WORD = r"[a-z][a-z0-9_]*"
_COLUMN = re.compile(
    rf"({_WORD}) (uuid|character varying|timestamp without time zone|boolean|bigint|interval)"
    r"(?: COLLATE pg_catalog\.\"default\")?((?: NOT NULL| DEFAULT false)?)(?=,|$)"
)


def tables(document: str) -> dict[str, Columns]:
    """Return every `schema.table` of `document` with its columns in order: name -> type and constraint."""
    chapters = re.split(r"^Схема ([a-z]+)$", document.removesuffix(FOOTER), flags=re.MULTILINE)
    documented: dict[str, Columns] = {}
    for schema, text in zip(chapters[1::2], chapters[2::2], strict=True):
        read = {"calls": _described, "alertcallevents": _listed}.get(schema, _defined)
        documented |= {f"{schema}.{table}": columns for table, columns in read(text).items()}
    return documented


def _described(text: str) -> dict[str, Columns]:
    """Return tables that are written as paragraphs: name, type, description."""
    parts = re.split(r"^Таблица ([a-z]+)$", text, flags=re.MULTILINE)
    return {table: _paragraphs(body) for table, body in zip(parts[1::2], parts[2::2], strict=True)}


def _paragraphs(body: str) -> Columns:
    lines = [line for line in body.splitlines() if line]
    known = {"uuid", "boolean", "integer", "bigint", _TIMESTAMP, *_TYPES}
    return {name: _TYPES.get(kind, kind) for name, kind in pairwise(lines) if kind in known}


def _listed(text: str) -> dict[str, Columns]:
    """Return tables that are only named."""
    return {name: {} for name in re.findall(rf"^({_WORD})$", text, flags=re.MULTILINE)}


def _defined(text: str) -> dict[str, Columns]:
    """Return tables that are written as the inside of CREATE TABLE, each after a line with its name."""
    parts = re.split(rf"^ *({_WORD}) *$", text, flags=re.MULTILINE)
    defined = {}
    for table, body in zip(parts[1::2], parts[2::2], strict=True):
        columns = _COLUMN.findall(" ".join(body.split()))
        defined[table] = {name: kind + constraint for name, kind, constraint in columns}
    return defined
