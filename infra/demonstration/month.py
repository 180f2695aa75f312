"""The month before the first start: webhooks of the demonstration, taken in as the product takes them in.

The providers' readers and `ingest` do all the work; only HTTP and SQS are left out, which would take several minutes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from chalicelib.envelope.messages import Message
from chalicelib.ledger import closing, store
from chalicelib.maintenance import monthly_tables, partitions
from chalicelib.platform.postgres import Connection
from infra.demonstration import branch, incidents
from infra.demonstration.webhooks import stream
from infra.demonstration.webhooks.posts import Post

DAYS = 30
BATCH = 400
#: A call that has no end for so long is closed, as the setting CALL_AGE_SECONDS has it.
CLOSING_AGE = 4 * 3_600
#: The parts of the calls that a branch office's own PBX writes, and that the call centre and the shop have.
BRANCH_SHARE, CENTRE_SHARE = 0.05, 0.97
Progress = Callable[[int, int], None]


def fill(  # noqa: PLR0913 - most have a default and are given by name
    owner: Connection,
    writer: Connection,
    senders: Mapping[str, int],
    now: datetime,
    *,
    calls: int,
    seed: int = 1,
    fetch: store.Fetch = lambda _: None,
    progress: Progress = lambda _done, _all: None,
    live: bool = False,
) -> Iterator[Post]:
    """Take in the webhooks of about `calls` calls of the month that ends at `now`, naive UTC.

    `senders` maps names of registered extensions to their ids, and `fetch` gets new recordings. If the demonstration is
    `live`, return the webhooks that follow after `now`, without an end; else no call goes on at `now`.
    """
    rng = Random(seed)  # noqa: S311 - calls, not secrets
    end = now.replace(tzinfo=UTC).timestamp()
    for moment in (now - timedelta(days=DAYS), now):
        partitions.prepare(owner, moment)
        monthly_tables.prepare(owner, moment)
    office = list(branch.posts(seed, round(calls * BRANCH_SHARE), now.date()))
    course = stream.continued if live else stream.month
    past, due = _parted(course(rng, calls * CENTRE_SHARE / DAYS, end - DAYS * stream.DAY, end), end)
    if not live:
        past = _without_calls(past, {post.call for post in due})
    messages = [*incidents.messages(rng, [*office, *past], senders, end), *incidents.unreadable(rng, end, senders)]
    messages.sort(key=lambda message: message.raw.accepted_at)
    done = 0
    for size in _batches(messages):
        store.take(writer, messages[done : done + size], fetch)
        done += size
        progress(done, len(messages))
    closing.close_due(writer, now, CLOSING_AGE)
    monthly_tables.analyze(owner, now)
    return due


def _batches(messages: Sequence[Message]) -> Iterator[int]:
    """Return the sizes of the batches; each webhook of the branch office's first export is one of its own."""
    first = next((place for place, message in enumerate(messages) if message.raw.provider != branch.PROVIDER), 0)
    yield from [1] * first
    left = len(messages) - first
    yield from (min(BATCH, left - begin) for begin in range(0, left, BATCH))


def _parted(posts: Iterator[Post], end: float) -> tuple[list[Post], Iterator[Post]]:
    """Return the posts until `end`, and those that follow, which are not made before they are asked for."""
    past = list[Post]()
    for post in posts:
        if post.at > end:
            return past, itertools.chain([post], posts)
        past.append(post)
    return past, posts


def _without_calls(posts: Sequence[Post], calls: Container[str]) -> list[Post]:
    """Return the posts of all other calls, and those of no call."""
    return [post for post in posts if not post.call or post.call not in calls]
