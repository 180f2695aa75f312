"""The names of a query's columns: whether they are unique, and a number for each repeated one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import orjson
from pglast.parser import parse_sql_json

from chalicelib.catalog import READABLE
from chalicelib.statistics.names import Node, names

#: PostgreSQL's limit on a name, in bytes.
NAME_LIMIT = 63


class Column(NamedTuple):
    """One column of a query: its unique name, PostgreSQL's name, its type, and its alias in the channel's own SQL."""

    name: str
    label: str
    type: str
    alias: str


def numbered(column_names: Sequence[str]) -> list[str]:
    """Return unique names: `count, count` becomes `count, count_2`. A number that is already a name is skipped."""
    taken, used, last = set(column_names), set[str](), Counter[str]()
    result = []
    for name in column_names:
        unique = name
        while unique in used or (unique != name and unique in taken):
            last[name] = max(last[name], 1) + 1
            unique = _suffixed(name, f"_{last[name]}")
        used.add(unique)
        result.append(unique)
    return result


def alias_list(column_names: Sequence[str]) -> str:
    """Return the names as a list of column aliases in SQL."""
    return f"({','.join(map(quoted, column_names))})"


def quoted(name: str) -> str:
    """Return a name as an identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


@lru_cache(maxsize=256)
def are_unique(statement: str) -> bool:
    """Tell whether the column names of `statement` are certainly unique, judged by its parse tree alone.

    False means that only PostgreSQL can tell.
    """
    ((_, select),) = orjson.loads(parse_sql_json(statement))["stmts"][0]["stmt"].items()
    column_names = _column_names(select)
    return column_names is not None and len(set(column_names)) == len(column_names)


def _suffixed(name: str, suffix: str) -> str:
    return name.encode()[: NAME_LIMIT - len(suffix)].decode(errors="ignore") + suffix


def _column_names(select: Node) -> list[str] | None:
    """Return the names of a SELECT's columns; None where the tree does not tell them."""
    while "larg" in select:
        select = select["larg"]
    if "valuesLists" in select:
        return [f"column{place}" for place, _ in enumerate(select["valuesLists"][0]["List"]["items"], 1)]
    targets = [wrapped["ResTarget"] for wrapped in select.get("targetList", ())]
    if len(targets) == 1 and _is_one_column(targets[0]["val"]):
        return ["the only one"]
    column_names: list[str] = []
    for target in targets:
        added = [target["name"]] if "name" in target else _unnamed(select, target["val"])
        if added is None:
            return None
        column_names += added
    return column_names


def _unnamed(select: Node, value: Node) -> list[str] | None:
    """Return the names of a target without an alias."""
    if _is_star(value):
        return _starred(select.get("fromClause", ()))
    ((kind, node),) = value.items()
    if kind in {"TypeCast", "CollateClause"}:
        return None if _is_star(node["arg"]) else _unnamed(select, node["arg"])
    if kind == "ColumnRef":
        return names(node["fields"])[-1:]
    return names(node["funcname"])[-1:] if kind == "FuncCall" else None


def _is_one_column(value: Node) -> bool:
    """Tell whether a target is one column: neither `*` nor, perhaps, `(value).*`."""
    return not _is_star(value) and "A_Indirection" not in value


def _is_star(value: Node) -> bool:
    return "A_Star" in value.get("ColumnRef", {}).get("fields", [{}])[-1]


def _starred(from_items: Sequence[Node]) -> list[str] | None:
    """Return the columns of `*` over one documented table or subquery; None for anything else."""
    if len(from_items) != 1:
        return None
    ((kind, item),) = from_items[0].items()
    if "colnames" in item.get("alias", {}):
        return None
    if kind == "RangeSubselect":
        return _column_names(item["subquery"]["SelectStmt"])
    if kind == "RangeVar" and "schemaname" in item:
        return [column for column, _ in READABLE[item["schemaname"]][item["relname"]]]
    return None
