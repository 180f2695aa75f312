"""The queue of orders in Amazon SQS, read with signed requests (AWS Signature Version 4)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ringledger_asterisk.agent_settings import QueueSettings
from ringledger_asterisk.web import post

#: SQS waits so long for a message, in seconds. A stop of the program waits for that, too.
WAIT_SECONDS = 10
SECONDS = 10.0
MESSAGES = 5
_CONTENT_TYPE = "application/x-amz-json-1.0"


class QueueMessage(NamedTuple):
    """A message: its text, and the handle that deletes it."""

    body: str
    handle: str


class OrderQueue:
    """The queue, with the access key that may read it."""

    def __init__(self, queue: QueueSettings) -> None:
        """Read `queue`."""
        self._queue = queue
        place = urlsplit(queue.url)
        self._url = f"{queue.endpoint or f'{place.scheme}://{place.netloc}'}/"

    def receive(self) -> list[QueueMessage]:
        """Wait for messages and return them. Raise WebFault."""
        content = {"MaxNumberOfMessages": MESSAGES, "WaitTimeSeconds": WAIT_SECONDS}
        answer = self._ask("ReceiveMessage", content, WAIT_SECONDS + SECONDS)
        return [QueueMessage(each["Body"], each["ReceiptHandle"]) for each in answer.get("Messages") or []]

    def delete(self, message: QueueMessage) -> None:
        """Delete a message. Raise WebFault."""
        self._ask("DeleteMessage", {"ReceiptHandle": message.handle}, SECONDS)

    def _ask(self, action: str, content: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        body = json.dumps({"QueueUrl": self._queue.url, **content}).encode()
        target = f"AmazonSQS.{action}"
        headers = {"content-type": _CONTENT_TYPE, "host": urlsplit(self._url).netloc, "x-amz-target": target}
        dated = signed(self._queue, headers, body, datetime.now(timezone.utc))
        return post("The queue of orders", self._url, dated, body, seconds)


def signed(queue: QueueSettings, headers: Mapping[str, str], body: bytes, now: datetime) -> dict[str, str]:
    """Return the headers with those of the signature, for a POST to the root of the service."""
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{queue.region}/sqs/aws4_request"
    dated = {**headers, "x-amz-date": moment}
    names = ";".join(sorted(dated))
    canonical_headers = "".join(f"{name}:{dated[name]}\n" for name in sorted(dated))
    canonical = f"POST\n/\n\n{canonical_headers}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{queue.secret_access_key}".encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    credential = f"Credential={queue.access_key_id}/{scope}"
    return {**dated, "authorization": f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"}
