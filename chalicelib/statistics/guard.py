"""The guard: a query's text in, the very text that may run out, or a refusal that says what, where and what instead.

The query is parsed by PostgreSQL's own grammar and written anew from its parse tree; the tree of what was written is
walked, and only what was written ever runs. So comments, encodings of names, further statements and anything else that
lives in the text alone are gone before PostgreSQL sees it. `parse_sql` itself is never used: on hostile text it
overflows the stack, where the functions used here raise.
"""

from __future__ import annotations

import re
from functools import lru_cache

import orjson
from pglast.parser import DeparseError, ParseError, deparse_protobuf, parse_sql_json, parse_sql_protobuf

from chalicelib.errors import Refused
from chalicelib.statistics import positions
from chalicelib.statistics.allowlist import CALLABLE_NAMES
from chalicelib.statistics.refusal import Refusal
from chalicelib.statistics.tree import Walk

#: Bytes of the text as it is sent, and as it runs: with the channel's own wrapping a statement stays under the 16 KB
#: from which RDS Proxy pins a connection.
TEXT_LIMIT = 15_500
STATEMENT_LIMIT = 16_000
#: Bytes of the parse tree in JSON: about 4,000 names, constants and operators.
TREE_LIMIT = 400_000

_BEGINNINGS = {
    "data": (re.compile(r"\s*select\b", re.ASCII | re.IGNORECASE), "select"),
    "quantity": (re.compile(r"\s*select\s+count\b", re.ASCII | re.IGNORECASE), "select count"),
}


@lru_cache(maxsize=256)
def check(text: str, action: str, callable_names: frozenset[str] = CALLABLE_NAMES) -> str:
    """Return the statement to run for the query `text` of the channel's `action` (`data` or `quantity`).

    `callable_names` are the names that the server calls for `value.name`. Raises Refused.
    """
    _check_text(text, action)
    try:
        statement = _normalised(text)
        _walk(statement, callable_names)
    except Refusal as refusal:
        raise Refused(_sentence(text, refusal, callable_names)) from None
    return statement


def _check_text(text: str, action: str) -> None:
    beginning, words = _BEGINNINGS[action]
    if not beginning.match(text):
        raise Refused(f"options.psql of action {action} must begin with `{words}`")
    try:
        size = _size(text)
    except UnicodeEncodeError:
        raise Refused("options.psql holds half of a surrogate pair; send whole characters") from None
    if size > TEXT_LIMIT:
        raise Refused(f"the query is {size} bytes long; at most {TEXT_LIMIT} are allowed")
    if "\0" in text:
        raise Refused("options.psql holds a NUL character, which no query needs")


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _normalised(text: str) -> str:
    try:
        statement = deparse_protobuf(parse_sql_protobuf(text))
    except ParseError as fault:
        message, *offset = fault.args
        where = positions.describe(text, positions.bytes_before(text, offset[0])) if offset and offset[0] else ""
        raise Refused(f"{message}{f' ({where})' if where else ''}") from None
    except DeparseError as fault:
        raise Refused(f"this query cannot be written in PostgreSQL's plain form: {fault.args[0]}") from None
    size = _size(statement)
    if size > STATEMENT_LIMIT:
        raise Refused(f"written plainly the query is {size} bytes long; at most {STATEMENT_LIMIT} are allowed")
    return statement


def _walk(text: str, callable_names: frozenset[str]) -> None:
    try:
        tree = parse_sql_json(text)
        if len(tree) > TREE_LIMIT:
            raise Refused("the query has too many parts; write it with fewer names, constants and operators")
        Walk(callable_names).statement(orjson.loads(tree))
    except (ParseError, orjson.JSONDecodeError, RecursionError):
        raise Refused("the query is nested too deeply; write it with fewer levels") from None


def _sentence(text: str, refusal: Refusal, callable_names: frozenset[str]) -> str:
    found = _found_in(text, callable_names) or refusal
    where = (
        f" ({positions.describe(text, found.location)})" if found.location is not None and found is not refusal else ""
    )
    return f"{found.what} is not allowed{where}: {found.allowed}"


def _found_in(text: str, callable_names: frozenset[str]) -> Refusal | None:
    """The same refusal with its place in the text as it was sent, which the walk over the rewritten one cannot tell."""
    try:
        _walk(text, callable_names)
    except Refusal as refusal:
        return refusal
    except Refused:
        return None
    return None
