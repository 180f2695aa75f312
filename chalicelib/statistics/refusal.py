"""How a query is refused: what was met, where it stands, and what is allowed instead."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from typing import Any

from chalicelib.statistics.grammar import FIELDS, REFUSED_CLAUSES

_SHOWN = 6


class Refusal(Exception):
    """A query holds something that reports may not do.

    `what` was met; `allowed` says what would be right; `location` is the byte offset in the text that was parsed, or
    None where the parser keeps none.
    """

    def __init__(self, what: str, allowed: str, location: int | None) -> None:
        """Keep the three parts; the guard makes the sentence."""
        super().__init__(what)
        self.what = what
        self.allowed = allowed
        self.location = location


def unknown_field(kind: str, node: dict[str, Any]) -> Refusal:
    """The refusal of a node that holds more than the grammar's table lists for its `kind`."""
    field = min(node.keys() - FIELDS[kind].keys())
    what = REFUSED_CLAUSES.get((kind, field), f"{field} of {kind}")
    return Refusal(what, "the README says what is", node.get("location", 0))


def near(name: str, known: Collection[str], kind: str) -> str:
    """Name the allowed `kind` whose spelling is nearest to `name`."""
    matches = get_close_matches(name, known, _SHOWN)
    suggestion = f"similar {kind} that are: {', '.join(matches)}; " if matches else ""
    return f"{suggestion}the README lists the {len(known)} {kind} that are"


def tables_like(name: str, known: Collection[tuple[str, str]]) -> str:
    """Name the documented tables that `name` may have meant, or else the documented schemas."""
    full = [f"{schema}.{table}" for schema, table in known]
    matches = [table for table in full if table.endswith(f".{name}")] or get_close_matches(name, full, _SHOWN)
    if matches:
        return f"did you mean {' or '.join(matches)}? Tables are named with their schema"
    schemas = ", ".join(sorted({schema for schema, _ in known}))
    return f"only the documented tables are, named with their schema; the schemas are {schemas}"
