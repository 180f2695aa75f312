"""`python -m infra.local.aws_server FOLDER PORT`: moto's S3 and SQS on loopback, until standard input closes.

moto's own server closes the connection after each request, finds the service of a request by walking the folders of
all its services, and counts a queue's messages several times for each one that it sends or receives. A server that
keeps connections, one look at the signature and counts on demand make it about five times as fast.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cheroot.wsgi import Server
from moto.moto_server.werkzeug_app import create_backend_app
from moto.sqs.models import Queue

from infra.local.stored_messages import StoredMessages
from infra.local.stored_objects import StoredObjects

# A consumer's receive call holds its thread for up to a second while it waits for messages.
THREADS = 24
KEPT_CONNECTIONS = 512
# A dropped connection attempt is repeated after a second, and the bundle's clients wait for half of one.
WAITING_CONNECTIONS = 512
COUNTS = ("", "_delayed", "_not_visible")
BAD_REQUEST = "400 Bad Request"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
ONE_MECHANISM = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or"
    " the Authorization header should be specified"
)
CHANGING = frozenset({"PUT", "POST", "DELETE"})

Environment = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environment, StartResponse], Iterable[bytes]]


class Services:
    """A WSGI application that passes each request to SQS or S3, and stores the objects that it changes."""

    def __init__(self, objects: StoredObjects) -> None:
        """Store changed objects in `objects`."""
        self._objects = objects
        self._sqs: Application = create_backend_app("sqs")
        self._s3: Application = create_backend_app("s3")

    def __call__(self, environment: Environment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        # moto reads the key of an object from the address as the client wrote it.
        environment["RAW_URI"] = environment["REQUEST_URI"]
        if "/sqs/" in environment.get("HTTP_AUTHORIZATION", ""):
            return self._sqs(environment, start_response)
        if refusal := _refusal(environment):
            start_response(BAD_REQUEST, [("Content-Type", "application/xml"), ("Content-Length", str(len(refusal)))])
            return [refusal]
        statuses: list[str] = []

        def started(status: str, *rest: Any) -> Any:  # noqa: ANN401 - WSGI's own signature
            statuses.append(status)
            return start_response(status, *rest)

        answer = self._s3(environment, started)
        if environment["REQUEST_METHOD"] in CHANGING and int(statuses[-1][:3]) < HTTPStatus.BAD_REQUEST:
            bucket, _, key = environment["PATH_INFO"].encode("latin-1").decode().lstrip("/").partition("/")
            self._objects.store(bucket, key)
        return answer


def _refusal(environment: Environment) -> bytes | None:
    """Return S3's error for an Authorization header that it does not take: moto ignores it.

    Clients that follow a redirect to a presigned address and send on their token meet it.
    """
    authorization = environment.get("HTTP_AUTHORIZATION", "")
    is_presigned = {"X-Amz-Algorithm", "Signature"} & parse_qs(environment.get("QUERY_STRING", "")).keys()
    if not authorization or (authorization.startswith("AWS") and not is_presigned):
        return None
    message = ONE_MECHANISM if is_presigned else "Unsupported Authorization Type"
    return f"{XML}<Error><Code>InvalidArgument</Code><Message>{message}</Message></Error>".encode()


class _Count:
    """The number of a queue's messages of one kind, counted when it is written into an answer."""

    def __init__(self, count: Callable[[Queue], int], queue: Queue) -> None:
        self._count = count
        self._queue = queue

    def __str__(self) -> str:
        return str(self._count(self._queue))


def count_on_demand() -> None:
    """Make moto count a queue's messages only for requests that ask for the counts."""
    for suffix in COUNTS:
        name = f"approximate_number_of_messages{suffix}"
        count = getattr(Queue, name).fget
        setattr(Queue, name, property(partial(_Count, count)))


def main(folder: Path, port: int) -> None:
    """Serve until standard input closes, then write the undelivered messages."""
    folder.mkdir(mode=0o700, exist_ok=True)
    count_on_demand()
    objects, messages = StoredObjects(folder / "buckets"), StoredMessages(folder / "messages.json")
    objects.restore()
    messages.restore()
    server = Server(("127.0.0.1", port), Services(objects), numthreads=THREADS, request_queue_size=WAITING_CONNECTIONS)
    server.keep_alive_conn_limit = KEPT_CONNECTIONS
    threading.Thread(target=server.start, daemon=True).start()
    sys.stdin.buffer.read()
    messages.store()
    # Without waiting for receive calls that wait for messages.
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
