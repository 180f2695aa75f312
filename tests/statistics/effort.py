"""How much work the guard has with a text, in a unit that is the machine's own: a clock's seconds are not."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from pglast import parser

from chalicelib.errors import Refused
from chalicelib.statistics import guard

#: What PostgreSQL's own parser does with a list of seven thousand numbers.
UNIT = "select 1" + ",1" * 7_000
TRIES = 5
#: Some 50 ms of an ordinary machine's processor.
LIMIT = 25


def effort(sql: str) -> float:
    """Processor time to judge `sql`, in units."""
    return _seconds(lambda: _judge(sql)) / _seconds(lambda: parser.parse_sql_json(UNIT))


def _judge(sql: str) -> None:
    with suppress(Refused):
        guard.check.__wrapped__(sql, "data")


def _seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(TRIES):
        began = time.thread_time()
        work()
        taken.append(time.thread_time() - began)
    return min(taken)
