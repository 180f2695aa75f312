"""The corpus of queries with their verdicts: what a report writes, and what an attacker does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

#: Classes that a parser may pass: the running statement is what must end.
AT_RUN_TIME = frozenset({"dos-runtime", "byte-limit"})


@dataclass(frozen=True)
class Case:
    """One query, the action it is sent to, whether it is allowed, and why."""

    id: str
    sql: str
    action: str
    allowed: bool
    kind: str
    why: str


def load() -> list[Case]:
    """Every case of the corpus."""
    lines = Path(__file__).with_name("guard_cases.jsonl").read_text("utf-8").splitlines()
    return [
        Case(raw["id"], raw["sql"], raw["action"], raw["verdict"] == "allow", raw["class"], raw["why"])
        for raw in map(json.loads, lines)
    ]


CASES = load()
ALLOWED = [case for case in CASES if case.allowed]
REFUSED = [case for case in CASES if not case.allowed and case.kind not in AT_RUN_TIME]
ENDED_AT_RUN_TIME = [case for case in CASES if case.kind in AT_RUN_TIME]


def named(case: Case) -> str:
    """How a case shows in a test's name."""
    return f"{case.id}-{case.kind}"
