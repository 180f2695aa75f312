"""The guard: it turns a query's text into the statement that may run, or refuses it and says why, where and what helps.

PostgreSQL's own grammar parses the query, and the guard writes a new statement from the parse tree. It then checks the
parse tree of that new statement, and only the new statement runs. So comments, escaped names and everything else that
exists only in the text are gone before PostgreSQL sees it. `parse_sql` is not used: hostile text overflows its stack,
while the functions used here raise an error.
"""

from __future__ import annotations

import re
from functools import lru_cache

import orjson
from pglast.parser import DeparseError, ParseError, deparse_protobuf, parse_sql_json, parse_sql_protobuf

from chalicelib.errors import Refused
from chalicelib.statistics import positions
from chalicelib.statistics.allowlist import USUAL_NAMES, ServerNames
from chalicelib.statistics.refusal import Refusal
from chalicelib.statistics.tree import Walk

#: Bytes of the text that arrives and of the statement that runs. With the channel's wrapping a statement stays under
#: 16 KB, the size from which RDS Proxy pins a connection.
TEXT_LIMIT = 15_500
STATEMENT_LIMIT = 16_000
#: Bytes of the parse tree as JSON: about 4,000 names, constants and operators.
TREE_LIMIT = 400_000

#: Message of the parser -> our hint.
_HINTS = {'syntax error at or near ":"': ": a parameter such as :since needs its value in options.params"}

#: Stands for a text with any beginning. The protocol's own address prescribes one for each action.
ANY_BEGINNING = "any"
_BEGINNINGS = {
    ANY_BEGINNING: (re.compile(""), ""),
    "data": (re.compile(r"\s*select\b", re.ASCII | re.IGNORECASE), "select"),
    "quantity": (re.compile(r'\s*select\s+(distinct\s+)?("count"|count\b)', re.ASCII | re.IGNORECASE), "select count"),
}


@lru_cache(maxsize=256)
def check(text: str, beginning: str, server: ServerNames = USUAL_NAMES) -> str:
    """Return the statement to run for the query `text`.

    `beginning` is the action whose rule for the first words applies (`data` or `quantity`), or ANY_BEGINNING.
    `server` has the names that depend on the server. Raise Refused.
    """
    _check_text(text, beginning)
    try:
        statement = _normalised(text)
        _walk(statement, server)
    except Refusal as refusal:
        raise Refused(_sentence(text, refusal, server)) from None
    return statement


def _check_text(text: str, beginning: str) -> None:
    pattern, words = _BEGINNINGS[beginning]
    if not pattern.match(text):
        raise Refused(f"options.psql of action {beginning} must begin with `{words}`")
    check_size(text)


def check_size(text: str) -> None:
    """Check that the parser may read `text`. Raise Refused for a text that is too long or that cannot be sent."""
    try:
        size = _size(text)
    except UnicodeEncodeError:
        raise Refused("options.psql contains half of a surrogate pair; send whole characters") from None
    if size > TEXT_LIMIT:
        raise Refused(f"the query is {size} bytes long; at most {TEXT_LIMIT} are allowed")
    if "\0" in text:
        raise Refused("options.psql contains a NUL character, which no query needs")


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _normalised(text: str) -> str:
    try:
        statement = deparse_protobuf(parse_sql_protobuf(str(text)))
    except ParseError as error:
        message, *offset = error.args
        where = positions.describe(text, positions.bytes_before(text, offset[0])) if offset and offset[0] else ""
        raise Refused(f"{message}{f' ({where})' if where else ''}{_HINTS.get(message, '')}") from None
    except DeparseError as error:
        raise Refused(f"this query cannot be rewritten in PostgreSQL's plain form: {error.args[0]}") from None
    size = _size(statement)
    if size > STATEMENT_LIMIT:
        raise Refused(f"without abbreviations the query is {size} bytes long; at most {STATEMENT_LIMIT} are allowed")
    return statement


def _walk(text: str, server: ServerNames) -> None:
    try:
        tree = parse_sql_json(str(text))
        if len(tree) > TREE_LIMIT:
            raise Refused("the query has too many parts; use fewer names, constants and operators")
        Walk(server).statement(orjson.loads(tree))
    except (ParseError, orjson.JSONDecodeError, RecursionError):
        raise Refused("the query is nested too deeply; use fewer levels") from None


def _sentence(text: str, refusal: Refusal, server: ServerNames) -> str:
    located = _refusal_in_original(text, server)
    shown = located or refusal
    where = f" ({positions.describe(text, located.location)})" if located and located.location is not None else ""
    return f"{shown.construct} is not allowed{where}: {shown.hint}"


def _refusal_in_original(text: str, server: ServerNames) -> Refusal | None:
    """Return the refusal with its position in the caller's text, which the rewritten statement does not keep."""
    try:
        _walk(text, server)
    except Refusal as refusal:
        return refusal
    except Refused:
        return None
    return None
