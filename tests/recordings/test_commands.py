"""`admin recording`: prints, revokes and restores links, lists recordings and fetches them again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import requests

from tests.admin.program import run_here
from tests.databases import run
from tests.recordings.conftest import link_secret

SECONDS = 20


@pytest.fixture
def inviteid(stack: dict[str, Any]) -> str:
    """Return the call of the printed link."""
    return urlsplit(str(stack["recording"])).path.split("/")[-2]


def _environment(stack: dict[str, Any]) -> dict[str, str]:
    secret = link_secret(stack)
    return {
        "DATABASE_URL": stack["database_url"],
        "PUBLIC_URL": stack["url"],
        "LINK_SECRETS": f"1:{secret}",
        "RECORDINGS_QUEUE_URL": stack["queues"]["recordings"],
        "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "NO_PROXY": "127.0.0.1",
    }


def test_a_link_is_printed_revoked_and_restored(stack: dict[str, Any], inviteid: str) -> None:
    """Revoking disables every link to the call, and no new one is printed; a token still works."""
    environment = _environment(stack)
    link = run_here(environment, "recording", "link", inviteid, "--days", "30").stdout.strip()
    assert requests.get(link, timeout=SECONDS).ok
    assert run_here(environment, "recording", "revoke", inviteid, "--yes").returncode == 0
    assert requests.get(link, timeout=SECONDS).json()["message"] == "The links to this call were revoked"
    assert requests.get(stack["recording"], timeout=SECONDS).status_code == 403
    assert "revoked" in run_here(environment, "recording", "link", inviteid).stderr
    by_token = f"{link.partition('?')[0]}?token={stack['tokens']['recordings']}"
    assert requests.get(by_token, timeout=SECONDS).ok
    listed = json.loads(run_here(environment, "recording", "list", "--json").stdout)
    assert [item["inviteid"] for item in listed if item["links_revoked"]] == [inviteid]
    assert run_here(environment, "recording", "restore", inviteid).returncode == 0
    assert requests.get(link, timeout=SECONDS).ok


@pytest.fixture
def failed_calls(stack: dict[str, Any]) -> Iterator[list[str]]:
    """Yield calls whose recordings failed, though the provider has them now."""
    calls = [str(uuid4()) for _ in range(2)]
    for number, call in enumerate(calls):
        run(stack["database_url"], "INSERT INTO calls.success (inviteid, isrec) VALUES (%s, false)", [call])
        run(
            stack["database_url"],
            "INSERT INTO ledger.recordings (inviteid, provider, client, recording, state, reason, attempts)"
            " VALUES (%s, 'telphin', 'retried', %s, 'failed', 'it was late', 10)",
            [call, f"late-{number}"],
        )
    yield calls
    for table in ("calls.success", "ledger.recordings"):
        run(stack["database_url"], f"DELETE FROM {table} WHERE inviteid = ANY (%s::uuid[])", [calls])


def _listed(environment: dict[str, str], *words: str) -> dict[str, dict[str, Any]]:
    listed = json.loads(run_here(environment, "recording", "list", "--json", *words).stdout)
    return {item["inviteid"]: item for item in listed}


def _ready(stack: dict[str, Any], call: str) -> bool:
    query = "SELECT state = 'ready' FROM ledger.recordings WHERE inviteid = %s"
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if run(stack["database_url"], query, [call])[0][0]:
            return True
        time.sleep(0.1)
    return False


def test_a_failed_recording_is_fetched_again(stack: dict[str, Any], failed_calls: list[str]) -> None:
    """One call, or all of them: the reason is listed, and the recorder stores the file and fills the row."""
    environment = _environment(stack)
    first, second = failed_calls
    assert _listed(environment, "--state", "failed")[first]["reason"] == "it was late"
    assert run_here(environment, "recording", "retry", first).stdout == "1 recordings are fetched again.\n"
    assert _ready(stack, first)
    assert set(_listed(environment, "--state", "failed")) >= {second}
    assert run_here(environment, "recording", "retry", "--failed").returncode == 0
    assert _ready(stack, second)
    rows = run(stack["database_url"], "SELECT isrec, callrecsize > 0 FROM calls.success WHERE inviteid = %s", [second])
    assert rows == [(True, True)]
    assert "No recording" in run_here(environment, "recording", "retry", first).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("link", "00000000-0000-0000-0000-000000000000"), "No answered call"),
        (("link", "1"), "invalid"),
        (("retry",), "Name one call"),
        (("retry", "00000000-0000-0000-0000-000000000000"), "No recording"),
        (("retry", "00000000-0000-0000-0000-000000000000", "--failed"), "Name one call"),
    ],
)
def test_an_impossible_command_fails_with_a_reason(stack: dict[str, Any], words: tuple[str, ...], message: str) -> None:
    """The reason is one line, and a script sees the status."""
    ended = run_here(_environment(stack), "recording", *words)
    assert ended.returncode != 0
    assert message in ended.stderr
