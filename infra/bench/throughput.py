"""The rate at which a local stack accepts webhooks from four clients, next to moto's own rate of SendMessage."""

from __future__ import annotations

import http.client
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlsplit

import boto3

from infra.bench.report import Figure
from infra.bench.testbed import Testbed
from infra.bench.webhook_cost import EVENT

CLIENTS = 4
SECONDS = 5
QUEUE = "throughput"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

Work = Callable[[], object]


def lines(place: Testbed) -> Iterator[Figure]:
    """Measure both rates, with clients that keep their connection and with clients that do not."""
    place.enter()
    endpoint = place.facts["aws_endpoint_url"]
    clients = [boto3.client("sqs", endpoint_url=endpoint) for _ in range(CLIENTS)]
    queue = clients[0].create_queue(QueueName=QUEUE)["QueueUrl"]
    alone = _rate([partial(sqs.send_message, QueueUrl=queue, MessageBody=2 * EVENT) for sqs in clients])
    clients[0].delete_queue(QueueUrl=queue)
    yield Figure("SendMessage to moto alone, by boto3, four clients", f"{alone:.0f} a second")
    for words, keep in (("kept connections", True), ("a connection each", False)):
        rate = _rate([_poster(place, keep=keep) for _ in range(CLIENTS)])
        yield Figure(f"webhooks accepted, {words}", f"{rate:.0f} a second", "that", rate / alone, at_least=0.5)


def _poster(place: Testbed, *, keep: bool) -> Work:
    connection = http.client.HTTPConnection(urlsplit(place.facts["url"]).netloc)
    path = f"/ext-event/{place.facts['webhook_keys']['telphin']['phone']}"

    def post() -> None:
        if not keep:
            connection.close()
        connection.request("POST", path, EVENT.replace("6C70D0C4B1F24E1E8A1B7A0F5B2D9C11", uuid.uuid4().hex), FORM)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"not accepted: {answer.status}")

    return post


def _rate(works: list[Work]) -> float:
    """Return how often a second the works are done together, each in a thread of its own."""
    counts = [0] * len(works)
    ends = time.monotonic() + SECONDS

    def repeat(number: int) -> None:
        while time.monotonic() < ends:
            works[number]()
            counts[number] += 1

    threads = [threading.Thread(target=repeat, args=[number]) for number in range(len(works))]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)
