"""Where in the caller's own text something stands that PostgreSQL or the guard found in a rewritten one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson
from pglast.parser import parse_sql_json


def describe(text: str, offset: int) -> str:
    """Say where byte `offset` of `text` is: line and column, both from 1, and the word there."""
    before = text.encode()[:offset].decode(errors="ignore")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    word = re.match(r"\S{1,40}", text[len(before) :])
    return f"line {line}, column {column}" + (f", at `{word[0]}`" if word else ", at the end")


def bytes_before(text: str, characters: int) -> int:
    """The byte offset of a character of `text`."""
    return len(text[:characters].encode())


def in_original(text: str, statement: str, character: int) -> int | None:
    """The byte offset in `text` of what stands at `character` of `statement`, which was written from its parse tree.

    Both have the same tree, whose nodes keep their places: the node that begins nearest before it is the one.
    """
    sought = bytes_before(statement, character)
    places = zip(_places(_parsed(statement)), _places(_parsed(text)), strict=False)
    # A place of -1 is none.
    before = [(there, here) for there, here in places if 0 <= there <= sought and here >= 0]
    return max(before)[1] if before else None


def _parsed(text: str) -> Any:  # noqa: ANN401 - a tree of JSON
    return orjson.loads(parse_sql_json(text))


def _places(node: Any) -> Iterator[int]:  # noqa: ANN401 - as above
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "location":
                yield value
            else:
                yield from _places(value)
    elif isinstance(node, list):
        for value in node:
            yield from _places(value)
