"""Calls that other people recorded and judged become the rows that they expect.

The folder of the cases is in RINGLEDGER_CEL_CASES; without it only the project's own tables run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2.extras import RealDictCursor, RealDictRow

from tests.asterisk.judge import Case, Outcome, cases, disagreements, main
from tests.asterisk.test_in_the_ledger import post
from tests.ingest.telephony import Ledger

FOLDER = os.environ.get("RINGLEDGER_CEL_CASES", "")
CASES = list(cases(Path(FOLDER))) if FOLDER else []


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_recorded_call(ledger: Ledger, case: Case) -> None:
    """Each field that the case asserts agrees with the rows."""
    ledger.clear()
    post(ledger, case.records)

    outcomes = list(conversations(ledger))

    assert len(outcomes) == len(case.expected)
    assert [
        wrong
        for expected, outcome in zip(case.expected, outcomes, strict=True)
        for wrong in disagreements(expected, outcome)
    ] == []


@pytest.mark.skipif(not FOLDER, reason="RINGLEDGER_CEL_CASES names no folder of cases")
def test_the_folder_has_cases() -> None:
    """A wrong folder is no silent success."""
    assert CASES


def conversations(ledger: Ledger) -> Iterator[Outcome]:
    """Return the rows of each conversation in the ledger, in the order of their beginnings."""
    records = select(ledger, "SELECT inviteid, call_id, facts FROM ledger.records WHERE gone_at IS NULL")
    calls = {record["call_id"] for record in records}
    outcomes = []
    for call in calls:
        own = {record["inviteid"]: record["facts"] for record in records if record["call_id"] == call}
        outcomes.append(_outcome(ledger, own))
    yield from sorted(outcomes, key=lambda outcome: main(outcome)["invitedt"])


def _outcome(ledger: Ledger, facts: dict[str, Any]) -> Outcome:
    of_call = f"inviteid IN ({', '.join(repr(str(inviteid)) for inviteid in facts)})"
    talks = select(ledger, f"SELECT * FROM calls.success WHERE {of_call} ORDER BY start_dt")
    others = select(ledger, f"SELECT * FROM calls.cancelled WHERE {of_call}")
    others += select(ledger, f"SELECT * FROM calls.failed WHERE {of_call}")
    forks = select(ledger, f"SELECT * FROM calls.forks WHERE {of_call} ORDER BY forkstart_dt")
    return Outcome(talks, others[0] if others else None, forks, list(facts.values()))


def select(ledger: Ledger, query: str) -> list[RealDictRow]:
    """Return the rows of a query, each by the names of its columns."""
    with (
        closing(psycopg2.connect(ledger.url)) as connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):
        cursor.execute(query)
        return cursor.fetchall()
