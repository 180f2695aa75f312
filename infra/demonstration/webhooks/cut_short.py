"""The ends that PBXs post when the demonstration is stopped in the middle of its calls and shifts."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, urlencode

from infra.demonstration.webhooks.call_centre import IVR, QUEUES
from infra.demonstration.webhooks.posts import MttCall, Post, agent_state
from infra.demonstration.webhooks.shop import MOBILES, NORMAL
from infra.demonstration.webhooks.sounds import recording
from infra.demonstration.webhooks.staff import StaffMember

Fields = dict[str, str]
_MICROSECONDS = 1_000_000


def of_calls(posts: Iterable[Post], at: float) -> Iterator[Post]:
    """Return the webhooks that end at `at` the calls of `posts`, in their order."""
    calls: dict[tuple[str, str], list[Post]] = defaultdict(list)
    for post in posts:
        calls[post.provider, post.call].append(post)
    ends = {"telphin": _telphin_ends, "mtt": _mtt_ends}
    for (provider, _), of_call in calls.items():
        if provider in ends:
            yield from ends[provider](of_call, at)


def of_shifts(people: Iterable[StaffMember], at: float) -> Iterator[Post]:
    """Return that `people` end their work at `at`."""
    return (agent_state(at, person.extension, person.agent, available=False) for person in people)


def _telphin_ends(posts: list[Post], at: float) -> Iterator[Post]:
    legs: dict[tuple[str, str], dict[str, Fields]] = defaultdict(dict)
    answered = False
    for post in posts:
        fields = dict(parse_qsl(post.body.decode(errors="replace")))
        event = fields.get("EventType", "")
        answered = answered or event == "answer"
        legs[post.sender, fields.get("SubCallID", "")][event] = fields
    for (sender, leg), events in legs.items():
        if leg and "hangup" not in events:
            yield _hangup(sender, events, at, answered=answered)


def _hangup(sender: str, events: dict[str, Fields], at: float, *, answered: bool) -> Post:
    """Return the end of a leg with these events; `answered` tells whether any phone of the call was answered."""
    is_phone = not _is_way_in(sender)
    fields = events.get("answer") or next(iter(events.values()))
    talked = "answer" in events if is_phone else answered
    seconds = max(at - int(fields["EventTime"]) / _MICROSECONDS, 0)
    end = {
        "EventType": "hangup",
        "CallStatus": "ANSWER" if talked else "CANCEL",
        "EventTime": str(int(at * _MICROSECONDS)),
        "Duration": str(int(seconds * _MICROSECONDS)),
    }
    if is_phone and talked:
        end["RecID"] = recording(seconds)
    elif not is_phone and fields["CallFlow"] == "IN":
        end["Bridged"] = "yes" if answered else "no"
    return Post(at, "telphin", sender, fields["CallID"], "hangup", urlencode({**fields, **end}).encode())


def _is_way_in(sender: str) -> bool:
    return sender == IVR or sender in QUEUES


def _mtt_ends(posts: list[Post], at: float) -> Iterator[Post]:
    content = [json.loads(post.body) for post in posts if post.body]
    if not content:
        return
    call = MttCall(posts[0].call, str(content[0].get("numberA", "")))
    numbers: dict[str, set[str]] = {"o": set(), "h": set()}
    for notification in content:
        numbers.get(notification["event"]["type"], set()).add(notification.get("redirect_number", ""))
    if not numbers["o"]:
        yield call.post(at, "o", MOBILES[0])
        numbers["o"].add(MOBILES[0])
    for number in sorted(numbers["o"] - numbers["h"]):
        yield call.post(at, "h", number, "A", NORMAL)
