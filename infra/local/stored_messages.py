"""The messages that are still in the local SQS when it stops, written to a file and sent again at the next start."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import Message, sqs_backends

from infra.local.keyring import write_private

BINARY = "BinaryValue"


class StoredMessages:
    """A JSON file of undelivered messages: waiting, delayed, in a consumer's hands, and dead letters.

    A message that is sent again has a new id and counts as never received.
    """

    def __init__(self, file: Path) -> None:
        """Write the messages to `file`."""
        self._file = file
        self._backends: Any = sqs_backends[DEFAULT_ACCOUNT_ID]

    def restore(self) -> None:
        """Send the stored messages again, into queues that are created here, and delete the file."""
        if not self._file.exists():
            return
        for message in json.loads(self._file.read_text("utf-8")):
            backend = self._backends[message["region"]]
            if message["queue"] not in backend.queues:
                backend.create_queue(message["queue"])
            backend.send_message(
                message["queue"], message["body"], _decoded(message["attributes"]), message["delay_seconds"]
            )
        self._file.unlink()

    def store(self) -> None:
        """Write every message of every queue; write nothing when there is none."""
        messages = [
            _stored(message, name, region)
            for region, backend in self._backends.items()
            for name, queue in backend.queues.items()
            # Its public list leaves out messages that are delayed or in a consumer's hands.
            for message in list(queue._messages)
        ]
        if messages:
            write_private(self._file, messages)


def _stored(message: Message, queue: str, region: str) -> dict[str, Any]:
    return {
        "region": region,
        "queue": queue,
        "body": message.body,
        "attributes": _encoded(message.message_attributes),
        "delay_seconds": max(0, round(message.delayed_until / 1_000 - time.time())),
    }


def _encoded(attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value | {BINARY: base64.b64encode(value[BINARY]).decode()} if BINARY in value else value
        for name, value in attributes.items()
    }


def _decoded(attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value | {BINARY: base64.b64decode(value[BINARY])} if BINARY in value else value
        for name, value in attributes.items()
    }
