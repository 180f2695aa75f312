"""Fixtures of all tests: the whole bundle, started by its own command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest

from chalicelib.platform import runtime
from chalicelib.settings import Settings
from tests import examples

examples.load_profile()

pytest_plugins = ["tests.databases", "tests.ledgers", "tests.loopback", "tests.mariadb"]

ROOT = Path(__file__).parents[1]
START_SECONDS = 120
STOP_SECONDS = 30
# Variables of the machine that are removed, so that a test only reaches what it has started.
FOREIGN = {"AWS_ENDPOINT_URL", *(setting.metadata["variable"] for setting in fields(Settings))}


@dataclass
class Launched:
    """One `python -m infra.local` with its stack.json."""

    process: subprocess.Popen[bytes]
    data: Path
    facts: dict[str, Any]

    @property
    def output(self) -> str:
        """Return everything that it has written to stdout and stderr."""
        return (self.data.parent / f"{self.data.name}.log").read_text()

    def stop(self, order: signal.Signals = signal.SIGTERM) -> int:
        """Send it `order` and return its exit status."""
        self.process.send_signal(order)
        return self.process.wait(STOP_SECONDS)


Launch = Callable[..., Launched]


def begin(data: Path, **variables: str) -> subprocess.Popen[bytes]:
    """Start the local stack on `data` with these environment variables, without waiting for it."""
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    environment |= {"DATA": str(data), "PORT": "0", "DEMO": "0", "DEMO_LIVE": "0", "DEMO_CRM": "0"} | variables
    with (data.parent / f"{data.name}.log").open("ab") as log:
        command = [sys.executable, "-m", "infra.local"]
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)


@contextmanager
def launcher() -> Iterator[Launch]:
    """Yield a function that starts local stacks, and stop them all at the end."""
    processes: list[subprocess.Popen[bytes]] = []

    def launch(data: Path, **variables: str) -> Launched:
        file = data / "stack.json"
        # A killed start leaves its file.
        file.unlink(missing_ok=True)
        process = begin(data, **variables)
        processes.append(process)
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if file.exists():
                return Launched(process, data, json.loads(file.read_text()))
            time.sleep(0.05)
        pytest.fail((data.parent / f"{data.name}.log").read_text())

    try:
        yield launch
    finally:
        for process in processes:
            if process.poll() is None:
                process.terminate()
                process.wait(STOP_SECONDS)


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """Return a function that starts a local stack on a data folder, with environment variables as keywords."""
    with launcher() as start:
        yield start


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Return the facts of a running bundle with 2000 calls, the URLs of its database roles, and its data folder."""
    data = tmp_path_factory.mktemp("stack") / "data"
    with launcher() as start:
        launched = start(
            data,
            DEMO="1",
            DEMO_CALLS="2000",
            STATEMENT_TIMEOUT="3",
            TOKEN_CACHE_SECONDS="1",
            TOKEN_GUESSES="100000",
        )
        # Tests count the dead letters that they send themselves; the demonstration has one, too.
        session = boto3.Session("local", "local", region_name="us-east-1")
        sqs = session.client("sqs", endpoint_url=launched.facts["aws_endpoint_url"])
        sqs.purge_queue(QueueUrl=launched.facts["queues"]["call-events-dead"])
        yield launched.facts | role_urls(launched) | {"data": str(data)}
        assert launched.stop() == 0, launched.output


def role_urls(launched: Launched) -> dict[str, str]:
    """Return the database URLs of each role: `reader_url`, `gate_url`, `writer_url`."""
    secrets = json.loads((launched.data / "secrets.json").read_text())
    owner = urlsplit(launched.facts["database_url"])
    place = owner.netloc.rpartition("@")[2]
    return {
        f"{role}_url": owner._replace(netloc=f"ringledger_{role}:{secrets[role]}@{place}").geturl()
        for role in ("reader", "gate", "writer", "bi")
    }


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the file of a trusted authority; that of a server `localhost` with its certificate is next to it."""
    from tests.authorities import establish  # noqa: PLC0415 - as above

    made = establish(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    runtime.renew()
    yield made
    runtime.renew()
