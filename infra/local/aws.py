"""The embedded S3 and SQS: the process that runs them, and the bucket and queues that the bundle needs."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from chalicelib.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

ROOT = Path(__file__).parents[2]
BUCKET = "ringledger"
EVENTS = "call-events"
RECORDINGS = "recordings"
CALL_CONTROL = "call-control"
# A call order that is older than this is no longer carried out.
CALL_CONTROL_VISIBILITY_SECONDS = 30
# Lambda requires six times the consumer's timeout, which is one minute.
VISIBILITY_SECONDS = 360
RECORDER_VISIBILITY_SECONDS = 1_800
# As in the packaged template: messages of calls wait for a database that is away.
RECEIVES = 1_000
OTHER_RECEIVES = 5
START_SECONDS = 60
STOP_SECONDS = 15
# Requests end in a redirect to S3, and a browser that follows a redirect sends `Origin: null`.
CORS: Any = {"CORSRules": [{"AllowedMethods": ["GET", "HEAD"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*"]}]}


class Aws:
    """A child process that serves S3 and SQS on loopback and stores what outlives it in a folder."""

    def __init__(self, folder: Path) -> None:
        """Store objects and undelivered messages in `folder`."""
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, port: int) -> str:
        """Start the process, and return the URL of its endpoint when it accepts connections."""
        endpoint = self.begin(port)
        self.wait()
        return endpoint

    def begin(self, port: int, inherited: Sequence[int] = ()) -> str:
        """Start the process, and return the URL of its endpoint, which answers after `wait`.

        The process keeps the descriptors of `inherited` open, so that their locks last as long as it does.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.aws_server", str(self._folder), str(port)],
            cwd=ROOT,
            # The process ends when this pipe closes, which also happens when this process is killed.
            stdin=subprocess.PIPE,
            pass_fds=inherited,
            # A terminal's Ctrl-C goes to the whole group, and the clients of this server end first.
            start_new_session=True,
        )
        self._port = port
        return f"http://127.0.0.1:{port}"

    def wait(self) -> None:
        """Return when the server accepts connections. Raises Unavailable when it does not."""
        deadline = time.monotonic() + START_SECONDS
        while self._process and self._process.poll() is None and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self._port)).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise Unavailable("The local S3 and SQS did not start")

    def stop(self) -> None:
        """Stop the process, which first writes undelivered messages to the folder."""
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def prepare(endpoint: str | None) -> dict[str, str]:
    """Create the bucket and the queues that do not exist yet; return the queues' URLs by name."""
    s3 = boto3.client("s3", endpoint_url=endpoint)
    if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        region: Any = s3.meta.region_name
        # S3 refuses the name of its oldest region here.
        elsewhere: Any = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=BUCKET, **elsewhere)
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration=CORS)
    sqs = boto3.client("sqs", endpoint_url=endpoint)
    return (
        _queue(sqs, EVENTS, VISIBILITY_SECONDS, RECEIVES)
        | _queue(sqs, RECORDINGS, RECORDER_VISIBILITY_SECONDS, OTHER_RECEIVES)
        | _queue(sqs, CALL_CONTROL, CALL_CONTROL_VISIBILITY_SECONDS, OTHER_RECEIVES)
    )


def _queue(sqs: SQSClient, name: str, visibility: int, receives: int) -> dict[str, str]:
    """Create a queue and its dead-letter queue, which gets what was received more than `receives` times.

    A received message is visible again after `visibility` seconds.
    """
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": receives})
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes: Any = {"VisibilityTimeout": str(visibility), "RedrivePolicy": redrive}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes=attributes)
    return {name: queue, f"{name}-dead": dead}
