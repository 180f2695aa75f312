"""Plans of PostgreSQL in one line: how a query reads its tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

_MONTH = re.compile(r"_(?:\d{4}_\d{2}|rest)(?=_|$)")
_SHOWN = 4


def plan_of(connection: Any, query: str) -> dict[str, Any]:  # noqa: ANN401 - the driver's own class
    """Return the plan of a query with what happened when it ran."""
    with connection.cursor() as cursor:
        cursor.execute(f"explain (analyze, timing off, format json) {query}")
        plan: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]
    return plan


def rows_read(node: dict[str, Any]) -> float:
    """Return how many rows the plan's leaves took from tables, those that a filter threw away included."""
    children = node.get("Plans", ())
    if children and "Bitmap" not in node["Node Type"]:
        return sum(rows_read(child) for child in children)
    removed = sum(value for name, value in node.items() if name.startswith("Rows Removed"))
    return float((node["Actual Rows"] + removed) * node["Actual Loops"])


def shape(plan: dict[str, Any]) -> str:
    """Return the ways of reading tables that ran, those with most rows first; partitions count as their table."""
    rows: Counter[str] = Counter()
    for node in _nodes(plan):
        if node["Actual Loops"] and "Relation Name" in node:
            table = _MONTH.sub("", node.get("Index Name", node["Relation Name"]))
            rows[f"{node['Node Type']} {table}"] += int(node["Actual Rows"] * node["Actual Loops"])
    return ", ".join(f"{way}: {count:,}" for way, count in rows.most_common(_SHOWN) if count)


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
