"""What one message to PostgreSQL carries: several statements, and of those planned once a session only their values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import NamedTuple

from psycopg2 import extensions

#: States of a plan that a session lost, or that no longer fits its table: a new session makes it anew.
STALE = frozenset({"0A000", "26000"})

# A plan lasts as long as its session, and may be made while tables are empty. What looks up by an index and sorts
# takes as long as the rows at hand do, however wrong the planner's guess of their number.
TUNING = b"""
SET plan_cache_mode = force_generic_plan; SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off;
SET enable_mergejoin = off; SET enable_material = off; SET enable_hashagg = off
"""

# Each is some 100 kB of the server's memory.
PLANS_LIMIT = 100

# The cast stands beside both: PostgreSQL has to know the type before it sees a value, and reads the value by it.
_PLACEHOLDER = re.compile(r"%(?:\(\w+\))?s(::\w+(?:\[\])?)?|%%")


class Statement(NamedTuple):
    """One statement; a `planned` one shall be planned once a session."""

    sql: str
    parameters: Sequence[object] | Mapping[str, object] | None = None
    planned: bool = False


class Plans:
    """The plans of one session, which ends with it."""

    def __init__(self) -> None:
        """Nothing is planned yet, and the session not tuned to it."""
        self.tuned = False
        self._names: dict[str, str] = {}
        self._new: dict[str, str] = {}
        self._numbers = count(1)

    def message(self, cursor: extensions.cursor, statements: Iterable[Statement]) -> bytes:
        """The text to be sent; once the server has taken it, `sent` is to be called."""
        self._new = {}
        return b";".join(part for statement in statements for part in self._parts(cursor, statement))

    def sent(self) -> None:
        """Remember what the last message planned. After a failure nobody knows: such plans are made once more."""
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
    """A statement with numbered parameters, and the list of their placeholders."""
    numbers, placeholders = count(1), []

    def numbered(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        placeholders.append(found[0])
        return f"${next(numbers)}{found[1] or ''}"

    body = _PLACEHOLDER.sub(numbered, sql)
    return body, f"({', '.join(placeholders)})" if placeholders else ""
