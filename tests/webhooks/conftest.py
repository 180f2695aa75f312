"""Fixtures: the surface `webhooks` in a process of its own, with a queue and a bucket but no database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from chalicelib.macs import Secrets
from chalicelib.registry import webhook_keys
from tests.loopback import aws_services

ROOT = Path(__file__).parents[2]
OLDER = (1, "older-secret-of-the-webhook-keys")
NEWER = (2, "newer-secret-of-the-webhook-keys")
ANSWER_SECONDS = 30
# moto has one memory per process, and other tests revoke extensions in the bundle's own bucket.
BUCKET = "only-for-webhooks"
#: Provider -> the id of its extension.
EXTENSIONS = {"telphin": 7, "mtt": 8, "native": 9, "asterisk": 10}


def key(provider: str, extension: int | None = None, secrets: Secrets = (NEWER,)) -> str:
    """Return the key of an extension; by default, of the provider's extension in EXTENSIONS."""
    return webhook_keys.issue(secrets, provider, EXTENSIONS[provider] if extension is None else extension)


@dataclass
class Surface:
    """A running surface, its queue and its log."""

    url: str
    queue: str
    sqs: Any
    log: Path

    def post(self, path: str, body: bytes | str = b"", **options: Any) -> requests.Response:
        """Post a body to a path."""
        return requests.post(self.url + path, data=body, timeout=ANSWER_SECONDS, **options)

    def get(self, path: str) -> requests.Response:
        """Get a path."""
        return requests.get(self.url + path, timeout=ANSWER_SECONDS)

    def telphin(self, body: bytes | str, **options: Any) -> requests.Response:
        """Post a body as Telphin does."""
        return self.post(f"/ext-event/{key('telphin')}", body, **options)

    def mtt(self, body: bytes | str, **options: Any) -> requests.Response:
        """Post a body as MTT does."""
        return self.post(f"/webhooks/mtt/{key('mtt')}", body, **options)

    def native(self, content: object) -> requests.Response:
        """Post rows."""
        return self.post(f"/webhooks/native/{key('native')}", json.dumps(content))

    def queued(self) -> list[dict[str, Any]]:
        """Remove all messages from the queue and return them with decoded bodies."""
        received: list[dict[str, Any]] = []
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
            for message in messages:
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                content = json.loads(message["Body"])
                received.append({**content, "body": b64decode(content["body"], validate=True)})
        return received


Start = Callable[..., Surface]


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Provide S3 and SQS with a bucket for these tests alone."""
    with aws_services(tmp_path_factory.mktemp("aws")) as url:
        boto3.client("s3", endpoint_url=url, region_name="us-east-1").create_bucket(Bucket=BUCKET)
        yield url


@contextmanager
def starter(endpoint: str, folder: Path) -> Iterator[Start]:
    """Start surfaces, each with a queue of its own, and kill them at the end."""
    sqs = boto3.client("sqs", endpoint_url=endpoint)
    started: list[subprocess.Popen[bytes]] = []

    def start(**variables: str) -> Surface:
        queue = sqs.create_queue(QueueName=f"{folder.name}-{len(started)}")["QueueUrl"]
        known = {name: os.environ[name] for name in ("PATH", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        settings = {
            **known,
            "PYTHONUTF8": "1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
            "BUCKET": BUCKET,
            "EVENTS_QUEUE_URL": queue,
            "WEBHOOK_SECRETS": f"2:{NEWER[1]} 1:{OLDER[1]}",
            "REVOCATION_CACHE_SECONDS": "1",
            "_HANDLER": "app.webhooks",
            "LAMBDA_TASK_ROOT": str(ROOT),
            **variables,
        }
        log = folder / f"{len(started)}.log"
        with log.open("w") as output:
            command = [sys.executable, "-m", "tests.webhooks.serve"]
            started.append(subprocess.Popen(command, cwd=ROOT, env=settings, stdout=output, stderr=output))
        return Surface(f"http://127.0.0.1:{_port(started[-1], log)}", queue, sqs, log)

    try:
        yield start
    finally:
        for process in started:
            process.kill()
            process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    # The first line is the port, complete once it ends.
    while "\n" not in log.read_text():
        assert process.poll() is None, log.read_text()
        time.sleep(0.02)
    return int(log.read_text().partition("\n")[0])


@pytest.fixture(scope="session")
def start(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Provide a function that starts a surface with environment variables as keywords."""
    with starter(endpoint, tmp_path_factory.mktemp("webhooks")) as begin:
        yield begin


@pytest.fixture(scope="session")
def served(start: Start) -> Surface:
    """Provide the surface that all tests share."""
    return start()


@pytest.fixture
def surface(served: Surface) -> Surface:
    """Provide the shared surface with an empty queue."""
    served.queued()
    return served
