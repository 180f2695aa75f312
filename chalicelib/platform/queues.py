"""SQS: the queues that the bundle writes to."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chalicelib import settings, signatures
from chalicelib.errors import TooLarge, Unavailable
from chalicelib.platform import http
from chalicelib.platform.http import Peer
from chalicelib.signatures import Signer

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: The longest message, in bytes (SQS quotas, 1 MiB).
MESSAGE_LIMIT = 1_048_576

# Whoever posts a webhook waits: a failure is told within these together.
SERVICE = Peer("The queue service", connect=0.5, answer=1.0, whole=2.0)
BATCH = 10

_SEND = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage"}
# Of sqs.REGION.amazonaws.com, of China's and of a VPC endpoint's own names.
_REGION = re.compile(r"(?:.+\.)?sqs\.([a-z0-9-]+)\.(?:vpce\.)?amazonaws\.com(?:\.cn)?")
# Of an answer that only the log shows.
_REASON_BYTES = 300


@lru_cache(maxsize=1)
def client() -> SQSClient:
    """This process's SQS client, made on first use."""
    import boto3  # noqa: PLC0415 - a cold start pays for boto3 only where a queue is used
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        connect_timeout=SERVICE.connect,
        read_timeout=SERVICE.answer,
        retries={"total_max_attempts": 1},
        tcp_keepalive=True,
    )
    return boto3.client("sqs", config=config)


def url_of(queue: str) -> str:
    """The address of a queue that is named by it, or by its ARN."""
    if not queue.startswith("arn:"):
        return queue
    _, partition, _, region, account, name = queue.split(":", 5)
    return f"https://sqs.{region}.amazonaws.com{'.cn' * (partition == 'aws-cn')}/{account}/{name}"


def send(queue_url: str, message: str) -> None:
    """Put `message`, ASCII text, into the queue; it may arrive twice.

    Raises TooLarge when SQS does not take that much, Unavailable within two seconds when it does not take it now,
    Misconfigured without credentials and region in the environment.
    """
    if len(message) > MESSAGE_LIMIT:
        raise TooLarge(f"The request takes {len(message)} bytes in the queue, which accepts {MESSAGE_LIMIT}")
    # Without boto3: a PBX waits, and loading it takes longer than all else that a first webhook does, sending through
    # it as long as all else that a later one does three times.
    url, signer = _address(queue_url)
    body = json.dumps({"QueueUrl": queue_url, "MessageBody": message}).encode()
    headers = signatures.signed(signer, {**_SEND, "host": urlsplit(url).netloc}, body, datetime.now(UTC))
    answer = http.client.ask(SERVICE, "POST", url, headers, body)
    if answer.status != HTTPStatus.OK:
        reason = answer.body[:_REASON_BYTES].decode(errors="replace")
        raise Unavailable("The queue service did not take the message", details=f"SQS: {answer.status} {reason}")


def _address(queue_url: str) -> tuple[str, Signer]:
    """Where the queue's service answers, and who signs there: a queue may be in another region than we are."""
    access = settings.aws_access("sqs")
    access.check()
    where = urlsplit(access.endpoint or queue_url)
    told = _REGION.fullmatch(where.hostname or "")
    region = told[1] if told else access.region
    signer = Signer(access.access_key, access.secret_key, access.session_token, region, "sqs")
    return f"{where.scheme}://{where.netloc}/", signer


def send_all(queue_url: str, messages: Sequence[str], delay: int = 0) -> None:
    """Put short `messages` into the queue, where they wait for `delay` seconds (900 at most); some may arrive twice.

    Raises Unavailable when SQS does not take one.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    for begin in range(0, len(messages), BATCH):
        entries: Any = [
            {"Id": str(number), "MessageBody": message, "DelaySeconds": delay}
            for number, message in enumerate(messages[begin : begin + BATCH])
        ]
        try:
            refused = client().send_message_batch(QueueUrl=queue_url, Entries=entries).get("Failed")
        except (BotoCoreError, ClientError) as fault:
            raise Unavailable("The queue service does not answer") from fault
        if refused:
            raise Unavailable(f"The queue service did not take {len(refused)} messages")


def check(queue_url: str) -> None:
    """Ask SQS whether the queue is there. Raises Unavailable."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        client().get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable("The queue service does not answer") from fault


def count(queue_url: str) -> int:
    """About how many messages the queue has, in a consumer's hands or not. Raises Unavailable."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        answer = client().get_queue_attributes(
            QueueUrl=queue_url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable("The queue service does not answer") from fault
    return sum(map(int, answer["Attributes"].values()))
