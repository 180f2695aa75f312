"""The full circle over two stacks: calls of one become phone calls and statistics of the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.admin.program import run_admin
from tests.conftest import Launch
from tests.databases import run

CALLS = """
SELECT date_trunc('second', dial_dt), regexp_replace(anumber, '[^0-9]', '', 'g'),
    regexp_replace(bnumber, '[^0-9]', '', 'g'), coalesce(success.duration, 0)
FROM calls.success JOIN ledger.replication ON reference = inviteid::text AND target = 'circle' ORDER BY 1, 2, 3
"""
TAKEN = """
SELECT initiated, source_digits, destination_digits, phonecalls.duration, url
FROM ledger.phonecalls JOIN calls.success USING (inviteid) ORDER BY 1, 2, 3
"""
COUNT = "select count(*), sum(duration) from calls.success where bouter"


@pytest.fixture
def other(launch: Launch, tmp_path: Path) -> dict[str, Any]:
    """Start a second stack that makes contacts of unknown numbers and has no calls. Return its facts."""
    return launch(tmp_path / "other", NIMBOX_NEW_CONTACTS="yes").facts


def statistics(facts: dict[str, Any], query: str) -> list[dict[str, Any]]:
    """Return the answer of a stack's statistics channel."""
    body = {"entity": "chronological", "action": "data", "options": {"psql": query}}
    answer = requests.post(f"{facts['url']}/api/token/v1/{facts['tokens']['statistics']}", json=body, timeout=30).json()
    assert answer["success"], answer
    return list(answer["data"])


@pytest.mark.verify
def test_the_whole_circle(stack: dict[str, Any], other: dict[str, Any]) -> None:
    """Counts and contents are equal, a second run adds nothing, and nothing is replicated back."""
    environment = {
        "DATABASE_URL": stack["database_url"],
        "CRM_URL": other["url"],
        "CRM_TOKEN": other["tokens"]["nimbox"],
        "CRM_NAME": "circle",
        "PUBLIC_URL": stack["url"],
        "LINK_SECRETS": f"1:{'s' * 32}",
    }
    first = run_admin(environment, "replication", "run", "--full")
    assert (first.returncode, "rejected 0, undelivered 0" in first.stdout) == (0, True), first.stdout + first.stderr

    sent = run(stack["database_url"], CALLS)
    taken = run(other["database_url"], TAKEN)
    # Calls of the branch office: those that events have just changed are not settled yet.
    assert len(sent) > 10
    assert [row[:4] for row in taken] == sent
    assert any(str(row[4]).startswith(f"{stack['url']}/rest/v1/journal/calls/") for row in taken)
    (counted,) = statistics(other, COUNT)
    assert (counted["count"], counted["sum"]) == (len(sent), sum(int(str(row[3])) for row in sent))

    again = run_admin(environment, "replication", "run", "--full", "--resend")
    assert f"sent {len(sent)}, delivered {len(sent)}, rejected 0" in again.stdout
    assert run(other["database_url"], TAKEN) == taken

    back = {"DATABASE_URL": other["database_url"], "CRM_URL": stack["url"], "CRM_TOKEN": stack["tokens"]["nimbox"]}
    assert "read 0, existing 0" in run_admin(back, "replication", "run", "--full").stdout
