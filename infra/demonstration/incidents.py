"""The faults of the demonstration: late webhooks, unreadable ones, and a dead letter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from random import Random
from uuid import UUID

from chalicelib.calls.events import Raw
from chalicelib.envelope.messages import Message, written
from infra.demonstration.webhooks.posts import Post, TelphinCall
from infra.demonstration.webhooks.stream import DAY

GENERATION = 1
_TYPES = {"telphin": "application/x-www-form-urlencoded", "mtt": "application/json", "native": "application/json"}
#: In the last days, this part of the answers arrives so many seconds late: their calls are corrected.
LATE, LATE_DAYS, LATE_SECONDS = 0.02, 4, (900, 5_400)
#: Answers of Telphin and MTT, which can arrive after the end of their call.
_ANSWERS = frozenset({"answer", "s"})

# The sender, and a webhook that its provider's reader refuses.
_UNREADABLE = (
    ("13596*099", "telphin", "EventType=hangup&CallStatus=CANCEL&Bridged=no&CallerIDNum=%2B79214567892"),
    ("13596*200", "telphin", "CallID=0D34&CallStatus=ANSWER"),
    ("79586488002", "mtt", '{"event": {"type": "h", "side": "A"'),
    ("79586488002", "mtt", '{"event": {"side": "B", "cause": "16"}, "h323_conf_id": "BC5F236C 5AD211E9"}'),
    ("old-pbx", "native", '{"table": "calls.successes", "rows": [{"anumber": "205", "bnumber": "206"}]}'),
)


def messages(rng: Random, posts: Iterable[Post], senders: Mapping[str, int], end: float) -> Iterator[Message]:
    """Return `posts` as accepted webhooks; of the last days before `end` some answers are late."""
    for post in posts:
        accepted = post.at + rng.uniform(0.1, 0.6)
        if post.event in _ANSWERS and post.at > end - LATE_DAYS * DAY and rng.random() < LATE:
            accepted = min(post.at + rng.uniform(*LATE_SECONDS), end)
        yield _message(rng, accepted, post, senders)


def unreadable(rng: Random, end: float, senders: Mapping[str, int]) -> Iterator[Message]:
    """Return webhooks of the last two days that no reader understands; the quarantine keeps them."""
    for sender, provider, body in _UNREADABLE:
        at = end - rng.uniform(0.05, 1.9) * DAY
        yield _message(rng, at, Post(at, provider, sender, "", "", body.encode()), senders)


def dead_letter(rng: Random, end: float, senders: Mapping[str, int]) -> str:
    """Return the message of a caller who gave up half an hour ago, while PostgreSQL was away."""
    call, at = TelphinCall(rng, "+79031112233", "13596*099"), end - 1_800
    post = call.hangup(at, "13596*099", call.leg(), at - 14, CallStatus="CANCEL", Bridged="no")
    return _message(rng, at, post, senders).text


def _message(rng: Random, accepted: float, post: Post, senders: Mapping[str, int]) -> Message:
    raw = Raw(
        id=str(UUID(int=rng.getrandbits(128), version=4)),
        accepted_at=datetime.fromtimestamp(accepted, UTC).replace(tzinfo=None),
        provider=post.provider,
        content_type=_TYPES[post.provider],
        body=post.body,
    )
    extension = senders[post.sender]
    return Message(raw, extension, GENERATION, written(raw, extension, GENERATION))
