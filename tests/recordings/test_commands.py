"""`admin recording`: links that are printed, revoked and restored, and a list of what became of recordings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.admin.program import run_admin

SECONDS = 20


@pytest.fixture
def inviteid(stack: dict[str, Any]) -> str:
    """The call of the printed link."""
    return urlsplit(str(stack["recording"])).path.split("/")[-2]


def _environment(stack: dict[str, Any]) -> dict[str, str]:
    secret = json.loads((Path(stack["data"]) / "secrets.json").read_text("utf-8"))["link"]
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
    """Revoking ends every link to the call, and no new one is printed; a token still opens it."""
    environment = _environment(stack)
    link = run_admin(environment, "recording", "link", inviteid, "--days", "30").stdout.strip()
    assert requests.get(link, timeout=SECONDS).ok
    assert run_admin(environment, "recording", "revoke", inviteid).returncode == 0
    assert requests.get(link, timeout=SECONDS).json()["message"] == "The links to this call were revoked"
    assert requests.get(stack["recording"], timeout=SECONDS).status_code == 403
    assert "revoked" in run_admin(environment, "recording", "link", inviteid).stderr
    by_token = f"{link.partition('?')[0]}?token={stack['tokens']['recordings']}"
    assert requests.get(by_token, timeout=SECONDS).ok
    listed = json.loads(run_admin(environment, "recording", "list", "--json").stdout)
    assert [item["inviteid"] for item in listed if item["links_revoked"]] == [inviteid]
    assert run_admin(environment, "recording", "restore", inviteid).returncode == 0
    assert requests.get(link, timeout=SECONDS).ok


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("link", "00000000-0000-0000-0000-000000000000"), "No answered call"),
        (("link", "1"), "invalid"),
        (("retry",), "Name one call"),
    ],
)
def test_what_cannot_be_done_is_told(stack: dict[str, Any], words: tuple[str, ...], said: str) -> None:
    """In one line, and with a status that a script sees."""
    ended = run_admin(_environment(stack), "recording", *words)
    assert ended.returncode != 0
    assert said in ended.stderr
