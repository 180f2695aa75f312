"""The cost of the guard, next to the bare parser on the same texts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from pglast.parser import parse_sql_json

from chalicelib.statistics import guard
from infra.bench.report import Figure, alternating, milliseconds

CORPUS = Path(__file__).parents[2] / "tests" / "statistics" / "guard_cases.jsonl"
ROUNDS = 60


def lines() -> Iterator[Figure]:
    """Measure the mean over every allowed query of the corpus, without and with the cache."""
    cases = [json.loads(line) for line in CORPUS.read_text("utf-8").splitlines()]
    allowed = [(case["sql"], case["action"]) for case in cases if case["verdict"] == "allow"]

    def parse() -> None:
        for sql, _ in allowed:
            parse_sql_json(sql)

    def check_anew() -> None:
        for sql, action in allowed:
            guard.check.__wrapped__(sql, action)

    def check_again() -> None:
        for sql, action in allowed:
            guard.check(sql, action)

    # CPU time: the turns of other processes do not count.
    works = {"parse": parse, "anew": check_anew, "again": check_again}
    taken = {name: seconds / len(allowed) for name, seconds in alternating(works, ROUNDS, time.process_time).items()}
    yield Figure("parse_sql_json alone, a query", milliseconds(taken["parse"]))
    ratio = taken["anew"] / taken["parse"]
    yield Figure("guard, a query seen first", milliseconds(taken["anew"]), "parse_sql_json", ratio, at_most=9)
    yield Figure("guard, a query seen before", milliseconds(taken["again"]), "3 µs", taken["again"] / 3e-6, at_most=1)
