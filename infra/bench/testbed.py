"""The place of measurements: a database and an S3 of their own, and the bundle in the measuring process."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import extensions

from chalicelib.settings import Settings
from infra.local.environment import LOOPBACK, prepare_clients

ROOT = Path(__file__).parents[2]
CALLS = 20_000


@dataclass(frozen=True)
class Testbed:
    """A running local stack: its facts, the addresses of its roles, and its data folder."""

    facts: dict[str, Any]
    data: Path

    @property
    def owner_url(self) -> str:
        """Return the database URL of the owner."""
        return str(self.facts["database_url"])

    def role_url(self, role: str) -> str:
        """Return the database URL of `reader`, `gate` or `writer`."""
        password = json.loads((self.data / "secrets.json").read_text("utf-8"))[role]
        return f"postgresql://ringledger_{role}:{password}@{self.owner_url.rpartition('@')[2]}"

    def connect(self, role: str) -> extensions.connection:
        """Return a plain driver connection of `role`, or of the owner."""
        connection = psycopg2.connect(self.owner_url if role == "owner" else self.role_url(role))
        connection.autocommit = True
        return connection

    def environment(self) -> dict[str, str]:
        """Return the environment that the bundle needs to run here."""
        return {
            "AWS_ENDPOINT_URL": self.facts["aws_endpoint_url"],
            "BUCKET": self.facts["bucket"],
            "READER_DATABASE_URL": self.role_url("reader"),
            "GATE_DATABASE_URL": self.role_url("gate"),
            "LOG_LEVEL": "ERROR",
        }

    def enter(self) -> Any:  # noqa: ANN401 - the bundle's own module
        """Load the bundle into this process, connected to this stack, and return `app`."""
        logging.disable(logging.WARNING)
        prepare_clients()
        os.environ.update(self.environment())
        import app  # noqa: PLC0415 - the bundle reads its settings when it is first used

        return app


@contextmanager
def opened(data: Path | None = None, calls: int = CALLS) -> Iterator[Testbed]:
    """Start a local stack in a process of its own, with demonstration calls, and stop it afterwards."""
    with tempfile.TemporaryDirectory(prefix="ringledger-bench-") as temporary:
        folder = data or Path(temporary) / "data"
        foreign = {"AWS_ENDPOINT_URL", *(setting.metadata["variable"] for setting in fields(Settings))}
        environment = {name: value for name, value in os.environ.items() if name not in foreign}
        environment |= {"DATA": str(folder), "PORT": "0", "HOST": LOOPBACK, "DEMO_CALLS": str(calls)}
        environment |= {"DEMO": "1" if calls else "0", "DEMO_LIVE": "0"}
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local"], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
        )
        try:
            while not (folder / "stack.json").exists():
                if process.poll() is not None:
                    raise RuntimeError("the local stack did not start; its message is above")
                time.sleep(0.1)
            yield Testbed(json.loads((folder / "stack.json").read_text("utf-8")), folder)
        finally:
            process.terminate()
            process.wait(30)


def request(place: Testbed, psql: str, action: str = "data", **options: object) -> dict[str, Any]:
    """Return the event that API Gateway sends for one request with the token in the address."""
    body = {"entity": "chronological", "action": action, "options": {"psql": psql, **options}}
    return {
        "requestContext": {
            "resourcePath": "/api/token/v1/{token}",
            "httpMethod": "POST",
            "path": "/api/token/v1/x",
            "requestId": f"{time.monotonic_ns():x}",
        },
        "pathParameters": {"token": place.facts["tokens"]["statistics"]},
        "headers": {"content-type": "application/json; charset=utf-8"},
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "isBase64Encoded": False,
        "body": json.dumps(body),
    }
