"""The live part of the demonstration: webhooks that are posted to their real addresses when they are due."""

from __future__ import annotations

import heapq
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from random import Random

import urllib3

from chalicelib.registry import webhook_keys
from chalicelib.settings import Settings
from infra.demonstration import branch
from infra.demonstration.webhooks import stream
from infra.demonstration.webhooks.posts import Post
from infra.local import demonstration
from infra.local.worker import Worker

POST_SECONDS = 10
PAUSE_SECONDS = 5
_TYPES = {"telphin": "application/x-www-form-urlencoded"}

#: The webhooks from a time on, in order.
Course = Callable[[float], Iterator[Post]]

logger = logging.getLogger(__name__)


class LiveCalls(Worker):
    """A thread that posts the webhooks of simulated calls, until it is stopped."""

    def __init__(self, addresses: Mapping[str, str], course: Course) -> None:
        """Post to `addresses`, by names of senders, what `course` returns for the time at which the thread begins."""
        super().__init__("live-calls")
        self._addresses = addresses
        self._course = course
        self._http = urllib3.PoolManager(timeout=POST_SECONDS, retries=False)

    def run(self) -> None:
        """Post each webhook at its time."""
        for post in self._course(time.time()):
            if self.stopping.wait(max(post.at - time.time(), 0)):
                return
            self._send(post)

    def _send(self, post: Post) -> None:
        headers = {"Content-Type": _TYPES.get(post.provider, "application/json")}
        try:
            answer = self._http.request("POST", self._addresses[post.sender], body=post.body, headers=headers)
        except urllib3.exceptions.HTTPError as fault:
            logger.warning("a live webhook was not taken: %s", fault)
            self.stopping.wait(PAUSE_SECONDS)
            return
        if answer.status >= 400:
            logger.warning("a live webhook of %s was answered with %s", post.sender, answer.status)


def worker(settings: Settings, calls: int, due: Iterator[Post] | None) -> LiveCalls:
    """Return the thread that goes on with what is `due` after a month of so many calls, or else begins anew."""
    addresses = {
        extension.description.name: webhook_keys.address(settings, extension.description.provider, extension.id)
        for extension in demonstration.registered(settings, calls)
    }

    def course(now: float) -> Iterator[Post]:
        rng = Random(now)  # noqa: S311 - calls, not secrets
        centre = due or stream.live(rng, demonstration.calls_a_day(calls), now)
        return heapq.merge(centre, branch.live(demonstration.SEED, now), key=attrgetter("at"))

    return LiveCalls(addresses, course)
