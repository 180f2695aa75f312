"""Error texts for queries that PostgreSQL could not run."""

from __future__ import annotations

import re

from chalicelib.errors import QueryFailed
from chalicelib.platform import postgres
from chalicelib.platform.postgres import DatabaseError
from chalicelib.settings import Settings
from chalicelib.statistics import error_causes, positions, slow_parts

#: Begins the error that the server raises for a row over the limit.
ROW_LIMIT_MARKER = "row of bytes: "

_OUT_OF_RESOURCES = {
    "53100": "disk space",
    "53200": "memory",
    "53400": "temporary space",
    "54000": "memory",
    "54001": "nesting",
}
_NO_SUCH_CHARACTER = "null character not permitted"
_NO_SUCH_OPERATOR = "42883"
_TEXT_AGAINST_NUMBER = re.compile(
    r"character varying \S+ (integer|bigint|numeric)|(integer|bigint|numeric) \S+ character"
)
_SETTING = "DateStyle"
#: The beginning of a message -> our hint.
_OUR_HINTS = {
    "date/time field value out of range": "Write dates as '2026-11-30', and times as '2026-11-30 18:00:00'.",
    **{
        f"function {name}(character varying)": "This column has texts; for numbers in it write column::numeric."
        for name in ("sum", "avg", "stddev", "variance", "round")
    },
}
_CANCELLED = "57014"
_TOO_LONG_TRANSACTION = "25P04"
#: Classes whose messages only describe the query: features, cardinality, data exceptions, syntax and names, limits.
_PUBLIC_CLASSES = ("0A", "21", "22", "42", "54")
_INSUFFICIENT_PRIVILEGE = "42501"


def failure(error: DatabaseError, text: str, statement: str, offset: int, current: Settings) -> QueryFailed:
    """Return the caller's error. `offset` is the number of characters that ran before `statement`, made from `text`."""
    details = "" if _is_public(error.sqlstate) else error.primary
    return QueryFailed(_explanation(error, text, statement, offset, current), details=details)


def _is_public(state: str) -> bool:
    return state.startswith(_PUBLIC_CLASSES) and state != _INSUFFICIENT_PRIVILEGE


def _explanation(error: DatabaseError, text: str, statement: str, offset: int, current: Settings) -> str:
    """Return the error text for the caller: PostgreSQL's message where it only describes the query."""
    state = error.sqlstate
    if state in {_CANCELLED, _TOO_LONG_TRANSACTION, postgres.DEADLINE}:
        usual = "ask for a shorter period of an indexed time such as invitedt, or for fewer tables and rows"
        return f"the query ran longer than {current.statement_timeout} seconds: {slow_parts.advice(text) or usual}"
    if ROW_LIMIT_MARKER in error.primary:
        return f"a row of the answer is larger than {current.row_limit} bytes: ask for fewer or shorter values"
    if state in _OUT_OF_RESOURCES and error.primary != _NO_SUCH_CHARACTER:
        return f"the query needs more {_OUT_OF_RESOURCES[state]} than a report may use: aggregate or sort fewer rows"
    if not _is_public(state):
        return "PostgreSQL could not run the query; the log has the reason under the request's id"
    return f"{error.primary}{_where(error, text, statement, offset)}{_hint(error)}"


def _where(error: DatabaseError, text: str, statement: str, offset: int) -> str:
    if error.position is None:
        place = error_causes.location(error.sqlstate, error.primary, text)
    else:
        place = positions.in_original(text, statement, error.position - 1 - offset)
    return f" ({positions.describe(text, place)})" if place is not None else ""


def _hint(error: DatabaseError) -> str:
    """Return PostgreSQL's hint, unless it is about settings that a query cannot change, and one of ours if any fits."""
    hints = [error.hint] if error.hint and _SETTING not in error.hint else []
    hints += [hint for words, hint in _OUR_HINTS.items() if error.primary.startswith(words)]
    if error.sqlstate == _NO_SUCH_OPERATOR and _TEXT_AGAINST_NUMBER.search(error.primary):
        hints.append("Telephone numbers are texts here: write them in quotes, as in bnumber = '205'.")
    return f". {' '.join(hints)}" if hints else ""
