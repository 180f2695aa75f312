"""The text of a message to PostgreSQL: several statements, some of which are planned once a session."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from psycopg2 import extensions

#: SQLSTATEs of a plan that the session lost or that no longer fits its table: a new session plans again.
STALE = frozenset({"0A000", "26000"})

# A plan lasts as long as its session and may be made while tables are empty. Index look-ups and sorts stay fast when
# the planner's guess of the number of rows turns out to be wrong; sequential scans and hash joins do not.
TUNING = b"""
SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off;
SET enable_mergejoin = off; SET enable_material = off; SET enable_hashagg = off
"""

# Each plan takes about 100 kB of the server's memory.
PLANS_LIMIT = 100

# The cast stays in both texts: PREPARE needs the type of each parameter, and EXECUTE reads the value as that type.
_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?s(::\w+(?:\[\])?)?|%%")


class Statement(NamedTuple):
    """One statement; PostgreSQL plans a `planned` one once a session."""

    sql: str
    parameters: Sequence[object] | Mapping[str, object] | None = None
    planned: bool = False


class Plans:
    """The plans of one session."""

    def __init__(self) -> None:
        """Begin with a session that has no plans and the server's own planner settings."""
        self.tuned = False
        self._names: dict[str, str] = {}
        self._new: dict[str, str] = {}
        self._numbers = count(1)

    def message(self, cursor: extensions.cursor, statements: Iterable[Statement]) -> bytes:
        """Return the text to send; call `sent` after the server accepted it."""
        self._new = {}
        return b";".join(part for statement in statements for part in self._parts(cursor, statement))

    def sent(self) -> None:
        """Remember the plans of the last message. After a failure they are unknown and are made again."""
        self._names |= self._new

    def _parts(self, cursor: extensions.cursor, statement: Statement) -> Iterator[bytes]:
        if not statement.planned:
            yield cursor.mogrify(statement.sql, statement.parameters)
            return
        body, values = _planned(statement.sql)
        name = self._names.get(body) or self._new.get(body)
        if name is None:
            if len(self._names) + len(self._new) >= PLANS_LIMIT:
                self._names, self._new = {}, {}
                yield b"DEALLOCATE ALL"
            name = self._new[body] = f"plan_{next(self._numbers)}"
            yield f"PREPARE {name} AS {body}".encode()
        yield cursor.mogrify(f"EXECUTE {name} {values}", statement.parameters)


@lru_cache(maxsize=2 * PLANS_LIMIT)
def _planned(sql: str) -> tuple[str, str]:
    """Return a statement with numbered parameters, and the list of their placeholders."""
    numbers, placeholders = count(1), []

    def numbered(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        placeholders.append(found[0])
        return f"${next(numbers)}{found[1] or ''}"

    body = _PLACEHOLDER.sub(numbered, sql)
    return body, f"({', '.join(placeholders)})" if placeholders else ""
