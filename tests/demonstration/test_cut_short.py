"""Calls and shifts end by webhooks of their PBXs when the demonstration is stopped."""

from __future__ import annotations

from itertools import takewhile
from random import Random
from urllib.parse import parse_qsl

import pytest

from infra.demonstration.webhooks import cut_short, stream
from infra.demonstration.webhooks.posts import Post
from infra.demonstration.webhooks.staff import person

BEGAN = 1_795_780_800.0


def before(moment: float) -> list[Post]:
    """Return the webhooks of calls of the live part until `moment`."""
    posts = stream.live(Random(5), 300, BEGAN)
    return [post for post in takewhile(lambda post: post.at <= moment, posts) if post.call]


def legs(posts: list[Post]) -> tuple[set[str], set[str]]:
    """Return the legs of Telphin that have begun, and those that have ended."""
    begun, ended = set[str](), set[str]()
    for post in posts:
        if post.provider == "telphin":
            leg = dict(parse_qsl(post.body.decode()))["SubCallID"]
            (ended if post.event == "hangup" else begun).add(leg)
    return begun, ended


@pytest.mark.parametrize("seconds", [301, 650, 1_000, 1_800, 2_500])
def test_every_leg_ends_once(seconds: int) -> None:
    """Each leg that goes on gets one end at the given time, and the others get none."""
    posts, at = before(BEGAN + seconds), BEGAN + seconds + 1
    begun, ended = legs(posts)

    ends = list(cut_short.of_calls(posts, at))
    telphin = [post for post in ends if post.provider == "telphin"]

    assert begun - ended
    assert legs(telphin) == (set(), begun - ended)
    assert len(telphin) == len(begun - ended)
    assert {post.at for post in ends} == {at}
    assert list(cut_short.of_calls([*posts, *ends], at + 5)) == []


def test_a_talk_that_is_cut_lasts_until_the_cut() -> None:
    """The phone's end has the seconds since its answer, a recording of that length, and its queue was bridged."""
    posts = before(BEGAN + 1_800)
    answer = next(post for post in reversed(posts) if post.event == "answer" and post.provider == "telphin")
    until = [post for post in posts if post.call == answer.call and post.at <= answer.at]

    ends = [dict(parse_qsl(post.body.decode())) for post in cut_short.of_calls(until, answer.at + 31)]

    phone = next(end for end in ends if end["SubCallID"] == dict(parse_qsl(answer.body.decode()))["SubCallID"])
    assert (phone["CallStatus"], int(phone["Duration"]) // 1_000_000) == ("ANSWER", 31)
    assert phone["RecID"] == "demo-030-seconds"
    assert {end["Bridged"] for end in ends if "Bridged" in end} <= {"yes"}


def test_a_redirect_of_the_shop_ends() -> None:
    """A call of the shop that rings or talks gets one end at its number; one that is over gets none."""
    posts = [post for post in before(BEGAN + 7_200) if post.provider == "mtt"]
    rings = next(place for place, post in enumerate(posts) if post.event == "o")
    call = [post for post in posts[: rings + 1] if post.call == posts[rings].call]

    ends = list(cut_short.of_calls(call, call[-1].at + 3))

    assert [end.event for end in ends] == ["h"]
    assert list(cut_short.of_calls([*call, *ends], call[-1].at + 9)) == []


def test_people_go_home() -> None:
    """Each person's phone reports the end of the shift."""
    posts = list(cut_short.of_shifts([person(0), person(1)], BEGAN))

    assert [(post.sender, post.event) for post in posts] == [
        ("13596*301", "agent-logout"),
        ("13596*302", "agent-logout"),
    ]
