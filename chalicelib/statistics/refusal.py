"""Refusals of a query: the construct, its position, and a hint at what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Any

from chalicelib.statistics.grammar import FIELDS, REFUSED_CLAUSES

_SHOWN = 6
#: The page about what a query may use.
REFERENCE = "GET /statistics/functions"


class Refusal(Exception):
    """A query contains a construct that is not allowed.

    `construct` names it and `hint` says what is allowed. `location` is the byte offset in the parsed text, or None if
    the parser keeps none.
    """

    def __init__(self, construct: str, hint: str, location: int | None) -> None:
        """Keep the three parts. The guard builds the sentence from them."""
        super().__init__(construct)
        self.construct = construct
        self.hint = hint
        self.location = location


def unknown_field(kind: str, node: dict[str, Any]) -> Refusal:
    """Return the refusal of a node with a field that the grammar table does not list for its `kind`."""
    field = min(node.keys() - FIELDS[kind].keys())
    construct = REFUSED_CLAUSES.get((kind, field), f"{field} of {kind}")
    return Refusal(construct, f"{REFERENCE} lists what is allowed", node.get("location", 0))


def tables_like(name: str, known: Collection[tuple[str, str]]) -> str:
    """Name the documented tables that `name` may mean, or the documented schemas without a similar one."""
    full = [f"{schema}.{table}" for schema, table in known]
    matches = [table for table in full if table.endswith(f".{name}")] or difflib.get_close_matches(name, full, _SHOWN)
    if matches:
        return f"did you mean {' or '.join(matches)}? Write tables with their schema"
    schemas = ", ".join(sorted({schema for schema, _ in known}))
    return f"only the documented tables are allowed, written with their schema; the schemas are {schemas}"
