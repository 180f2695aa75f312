"""The corpus of queries with their verdicts: queries of reports and queries of attackers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

#: Classes that the guard accepts: the time and size limits end these queries.
AT_RUN_TIME = frozenset({"dos-runtime", "byte-limit"})


@dataclass(frozen=True)
class Case:
    """One query, its action, its verdict and the reason."""

    id: str
    sql: str
    action: str
    allowed: bool
    kind: str
    why: str


def load() -> list[Case]:
    """Return every case of the corpus."""
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
    """Return the name of a case in test ids."""
    return f"{case.id}-{case.kind}"
