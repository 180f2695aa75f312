"""The local stack's telephony: webhook keys, and a provider that posts to their addresses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from chalicelib.providers import NAMES
from tests.conftest import ROOT, Launched, launcher

pytestmark = pytest.mark.verify

HANGUP = {"EventType": "hangup", "CallID": "1", "CallerIDNum": "+79214567892", "Bridged": "no"}


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launched]:
    """Start a local stack without calls."""
    with launcher() as start:
        yield start(tmp_path_factory.mktemp("telephony") / "data")


def _administer(launched: Launched, *words: str) -> subprocess.CompletedProcess[str]:
    script = f'. {launched.data}/environment && exec "$@"'
    return subprocess.run(
        ["/bin/sh", "-c", script, "sh", sys.executable, "-m", "chalicelib.admin", *words],
        cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def _posted(facts: dict[str, Any], path: str, **content: Any) -> requests.Response:
    return requests.post(f"{facts['url']}/{path}", timeout=30, **content)


def test_every_key_opens_its_address(launched: Launched) -> None:
    """stack.json has keys of three Telphin extensions, of MTT and of native rows, and each is accepted."""
    facts, keys = launched.facts, launched.facts["webhook_keys"]
    notification = {"event": {"type": "h"}, "h323_conf_id": "A B C D"}
    rows = {"table": "calls.failed", "rows": [{"fromnumber": "1"}]}

    assert set(keys) == set(NAMES)
    assert set(keys["telphin"]) == {"phone", "ivr", "queue"} < set(facts["extensions"])
    assert {_posted(facts, f"ext-event/{key}", data=HANGUP).text for key in keys["telphin"].values()} == {"OK"}
    assert _posted(facts, f"webhooks/mtt/{keys['mtt']}", json=notification).status_code == 200
    assert _posted(facts, f"webhooks/native/{keys['native']}", json=rows).status_code == 202


def test_the_printed_webhook_is_accepted(launched: Launched) -> None:
    """The printed command works as it is."""
    line = next(line for line in launched.output.splitlines() if "/ext-event/" in line)

    assert subprocess.run(["/bin/sh", "-c", line], capture_output=True, timeout=60, check=True).stdout == b"OK"


def test_the_provider_posts_what_is_subscribed(launched: Launched) -> None:
    """With the file `environment`, a command subscribes to events, and the small Telphin posts them to the stack."""
    subscribed = _administer(launched, "extension", "subscribe", "--all")
    provider = next(
        line.partition("=")[2]
        for line in (launched.data / "environment").read_text().splitlines()
        if line.startswith("export TELPHIN_URL=")
    )

    answer = requests.post(f"{provider}/simulate/extension/1138099", data=HANGUP, timeout=30)

    assert (subscribed.returncode, subscribed.stdout.count("ordered")) == (0, 3)
    assert answer.json() == {"statuses": [200]}


def test_the_environment_is_for_its_owner_alone(launched: Launched) -> None:
    """The file with the secrets is readable by its owner alone."""
    assert Path(launched.data, "environment").stat().st_mode & 0o077 == 0
