"""Positions in the caller's text for errors that were found in the rewritten statement."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import orjson
from pglast.parser import parse_sql_json

_OPERATOR = re.compile(r"[-+*/<>=~!@#%^&|?]+\s*")


class Replacement(NamedTuple):
    """The characters `start` to before `end` of a text that replaced others of the caller's text: a parameter."""

    start: int
    end: int
    original_start: int
    original_end: int
    name: str


class BoundText(str):
    """A query with values in place of its parameters. It knows the caller's text, `original`.

    The parser takes no subclass of str, so it needs `str(text)`.
    """

    __slots__ = ("original", "replacements")

    original: str
    replacements: tuple[Replacement, ...]

    def __new__(cls, text: str, original: str, replacements: tuple[Replacement, ...]) -> Self:
        """Create the text; `replacements` are in the order of their places."""
        made = super().__new__(cls, text)
        made.original = original
        made.replacements = replacements
        return made

    def in_original(self, character: int) -> tuple[int, str]:
        """Return the character of the caller's text that corresponds to one of this, and the parameter there if any."""
        shift = 0
        for replacement in self.replacements:
            if character < replacement.start:
                break
            if character < replacement.end:
                return replacement.original_start, replacement.name
            shift = replacement.original_end - replacement.end
        return character + shift, ""

    def operand_of(self, character: int) -> str:
        """Return the parameter on the right or the left of the operator at `character`, or an empty text."""
        operator = _OPERATOR.match(self, character)
        if operator is None:
            return ""
        for replacement in self.replacements:
            between = self[replacement.end : character]
            if replacement.start == operator.end() or (replacement.end <= character and not between.strip()):
                return replacement.name
        return ""


def describe(text: str, offset: int) -> str:
    """Describe byte `offset` of `text`: line and column, both from 1, and the word there.

    For a text with values, this is the place in the caller's text, with the parameter's name.
    """
    if isinstance(text, BoundText):
        bound_character = len(text.encode()[:offset].decode(errors="ignore"))
        character, name = text.in_original(bound_character)
        name = name or text.operand_of(bound_character)
        place = describe(text.original, bytes_before(text.original, character))
        return f"parameter {name}, {place}" if name else place
    before = text.encode()[:offset].decode(errors="ignore")
    rest = text[len(before) :]
    before += rest[: len(rest) - len(rest.lstrip())]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    word = re.match(r"\S{1,40}", text[len(before) :])
    return f"line {line}, column {column}" + (f", at `{word[0]}`" if word else ", at the end")


def bytes_before(text: str, characters: int) -> int:
    """Return the number of bytes before a character of `text`."""
    return len(text[:characters].encode())


def in_original(text: str, statement: str, character: int) -> int | None:
    """Return the byte offset in `text` that corresponds to `character` of `statement`; None without one.

    `statement` was written from the parse tree of `text`, so both have the same nodes in the same order. The result is
    the position of the last node that begins at or before `character`.
    """
    offset = bytes_before(statement, character)
    pairs = zip(_locations(_parsed(statement)), _locations(_parsed(text)), strict=False)
    try:
        # A location of -1 means that the parser kept none.
        before = [(rewritten, original) for rewritten, original in pairs if 0 <= rewritten <= offset and original >= 0]
    except RecursionError:
        return None
    return max(before)[1] if before else None


def _parsed(text: str) -> Any:  # noqa: ANN401 - a tree of JSON
    return orjson.loads(parse_sql_json(str(text)))


def _locations(node: Any) -> Iterator[int]:  # noqa: ANN401 - as above
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "location":
                yield value
            else:
                yield from _locations(value)
    elif isinstance(node, list):
        for value in node:
            yield from _locations(value)
