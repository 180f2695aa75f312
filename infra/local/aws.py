"""The embedded S3 and SQS: moto's server on loopback, whose memory outlives it in an archive."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from infra.local import serving
from infra.local.memory import Memory

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BUCKET = "ringledger"
EVENTS = "call-events"
RECORDINGS = "recordings"
CALL_CONTROL = "call-control"
# Nobody begins a call that was asked for longer ago.
CALL_CONTROL_VISIBILITY_SECONDS = 30
# Lambda wants six times the consumer's timeout, which is a minute.
VISIBILITY_SECONDS = 360
RECORDER_VISIBILITY_SECONDS = 1_800
RECEIVES = 5
SAVE_SECONDS = 0.3
# Requests end in a redirect to S3, and a browser that was redirected sends `Origin: null`.
CORS: Any = {"CORSRules": [{"AllowedMethods": ["GET", "HEAD"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*"]}]}

logger = logging.getLogger(__name__)


class Aws:
    """moto's server and the thread that keeps what it holds."""

    def __init__(self, folder: Path) -> None:
        """Keep queues and objects in `folder`."""
        self._memory = Memory(folder)
        self._changed = threading.Event()
        self._stopping = threading.Event()

    def start(self, port: int) -> str:
        """Serve what was kept on loopback `port`; answer the endpoint's URL."""
        self._memory.restore()
        application = _Watched(DomainDispatcherApplication(create_backend_app), self._changed.set)
        self._server = make_server("127.0.0.1", port, application, threaded=True, request_handler=_Quiet)
        self._threads = [serving.thread(self._server, "aws"), threading.Thread(target=self._save, daemon=True)]
        for thread in self._threads:
            thread.start()
        return f"http://127.0.0.1:{port}"

    def stop(self) -> None:
        """Serve no more and keep the last changes."""
        self._server.shutdown()
        self._stopping.set()
        self._changed.set()
        for thread in self._threads:
            thread.join()
        self._server.server_close()
        self._memory.save()
        self._memory.close()

    def _save(self) -> None:
        while not self._stopping.wait(SAVE_SECONDS):
            self._changed.wait()
            self._changed.clear()
            try:
                self._memory.save()
            except (OSError, sqlite3.Error):
                # A full disk, most likely: S3 and SQS go on from memory, and the next change tries again.
                logger.exception("queues and objects could not be kept")


class _Watched:
    """A WSGI application that says when it has answered a request, since any may have changed something."""

    def __init__(self, application: Callable[..., Iterable[bytes]], answered: Callable[[], None]) -> None:
        self._application = application
        self._answered = answered

    def __call__(self, environment: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            return self._application(environment, start_response)
        finally:
            self._answered()


class _Quiet(MotoRequestHandler):
    """Requests are not logged: a presigned URL is a key."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - the name that werkzeug gave it
        """Say nothing."""


def prepare(endpoint: str | None) -> dict[str, str]:
    """Make the bucket and the queues where they are missing; answer the queues' URLs by name."""
    s3 = boto3.client("s3", endpoint_url=endpoint)
    if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        region: Any = s3.meta.region_name
        # S3 knows its oldest region only by not being told one.
        elsewhere: Any = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=BUCKET, **elsewhere)
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration=CORS)
    sqs = boto3.client("sqs", endpoint_url=endpoint)
    return (
        _queue(sqs, EVENTS, VISIBILITY_SECONDS)
        | _queue(sqs, RECORDINGS, RECORDER_VISIBILITY_SECONDS)
        | _queue(sqs, CALL_CONTROL, CALL_CONTROL_VISIBILITY_SECONDS)
    )


def _queue(sqs: SQSClient, name: str, seconds: int) -> dict[str, str]:
    """A queue and that of its dead letters; a message taken is another's turn after `seconds`."""
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES})
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": str(seconds), "RedrivePolicy": redrive})
    return {name: queue, f"{name}-dead": dead}
