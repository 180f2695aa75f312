"""The intervals of sipusers.states: a phone is busy while it talks in any of its calls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.calls.events import CallKey
from chalicelib.ledger import phone_talks, store
from tests.databases import run
from tests.examples import examples
from tests.ingest.telephony import BEGIN, CLIENT, Ledger, Webhook, event

PHONE = f"{CLIENT}*106"


def talk(call: str, begin: int, end: int) -> list[Webhook]:
    """Return a call that rings for five seconds and is answered."""
    return [
        event(call, "106", "dial-in", begin - 5),
        event(call, "106", "answer", begin),
        event(call, "106", "hangup", end),
    ]


def rejected(call: str, at: int) -> list[Webhook]:
    """Return a call to a phone that is in use."""
    return [event(call, "106", "dial-in", at), event(call, "106", "hangup", at + 1, CallStatus="BUSY")]


def states(ledger: Ledger) -> list[tuple[str, int, int]]:
    """Return the intervals of the phone, in seconds."""
    rows = run(
        ledger.url,
        "SELECT state, extract(epoch FROM dt_start - %s)::int, extract(epoch FROM dt_stop - %s)::int"
        " FROM sipusers.states ORDER BY dt_start, dt_stop",
        [BEGIN, BEGIN],
    )
    return [(str(state), int(str(start)), int(str(stop))) for state, start, stop in rows]


def busy_seconds(intervals: Sequence[tuple[str, int, int]]) -> int:
    """Return for how many seconds the phone is busy in total."""
    return sum(stop - start for state, start, stop in intervals if state == "busy")


SECOND_CALL = [*talk("A", 10, 125), *rejected("B", 25)]


@pytest.mark.parametrize("order", range(12))
def test_a_rejected_second_call_leaves_the_phone_busy(ledger: Ledger, order: int) -> None:
    """In whatever order the webhooks come, the phone is busy from its answer to its hangup."""
    webhooks = list(SECOND_CALL)
    Random(order).shuffle(webhooks)
    for webhook in webhooks:
        ledger.take([webhook])

    assert states(ledger) == [("early", 5, 10), ("busy", 10, 25), ("busy", 25, 26), ("busy", 26, 125)]
    assert ledger.column("SELECT state FROM ledger.presence WHERE kind = 'extension'") == ["registered"]


def test_a_rejected_second_call_during_a_talk_that_goes_on(ledger: Ledger) -> None:
    """The phone's present state is busy since its answer."""
    ledger.take([*talk("A", 10, 125)[:2], *rejected("B", 25)])

    assert states(ledger) == [("early", 5, 10), ("busy", 10, 25), ("busy", 25, 26)]
    presence = run(ledger.url, "SELECT state, since FROM ledger.presence WHERE kind = 'extension'")
    assert presence == [("busy", BEGIN + timedelta(seconds=10))]


def test_a_talk_that_never_ends_is_closed(ledger: Ledger) -> None:
    """Once its call is closed, later states are what their own events prove."""
    ledger.take([*talk("A", 10, 125)[:2], *rejected("B", 200)])
    assert busy_seconds(states(ledger)) == 191

    store.close(ledger.writer, {CallKey("telphin", CLIENT, "A"): BEGIN + timedelta(hours=4)}, BEGIN)

    assert states(ledger) == [("early", 5, 10), ("busy", 10, 200), ("early", 200, 201)]
    assert ledger.column("SELECT state FROM ledger.presence WHERE kind = 'extension'") == ["registered"]


def test_two_talks_that_overlap_are_one_busy_time(ledger: Ledger) -> None:
    """Call waiting: the second call is answered while the first one is on hold."""
    ledger.take([*talk("A", 10, 60), *talk("B", 30, 100)])

    intervals = states(ledger)
    assert busy_seconds(intervals) == 90
    assert all(before[2] <= after[1] for before, after in pairwise(intervals))


def test_an_answer_that_is_taken_back_is_no_talk(ledger: Ledger) -> None:
    """When a hangup shows that there was no talk, the phone is idle after it."""
    ledger.take([*talk("A", 10, 125)[:2], *rejected("B", 25)])
    ledger.take([event("A", "106", "hangup", 11, CallStatus="CANCEL")])

    assert states(ledger) == [("early", 5, 10), ("busy", 10, 11), ("registered", 11, 25), ("early", 25, 26)]


calls = st.lists(st.tuples(st.integers(5, 50), st.integers(1, 40), st.booleans()), min_size=1, max_size=5).map(
    lambda drawn: [
        webhook
        for number, (begin, length, is_answered) in enumerate(drawn)
        for webhook in (talk(f"C{number}", begin, begin + length) if is_answered else rejected(f"C{number}", begin))
    ]
)


@settings(max_examples=examples(40), deadline=None)
@given(calls, st.randoms(use_true_random=False))
def test_busy_intervals_never_overlap(shared_ledger: Ledger, webhooks: list[Webhook], random: Random) -> None:
    """Calls that overlap in any way and arrive in any order give the intervals of one batch."""
    shared_ledger.clear()
    shared_ledger.take(webhooks)
    expected = states(shared_ledger)
    shared_ledger.clear()
    random.shuffle(webhooks)
    for part in range(0, len(webhooks), 2):
        shared_ledger.take(webhooks[part : part + 2])

    assert states(shared_ledger) == expected
    assert all(before[2] <= after[1] for before, after in pairwise(expected))
    for begin, end in _talks(webhooks):
        assert sum(_shared(begin, end, interval) for interval in expected) == end - begin


def _talks(webhooks: Sequence[Webhook]) -> list[tuple[int, int]]:
    answers = {dict(webhook.fields)["CallID"]: webhook.second for webhook in webhooks if _kind(webhook) == "answer"}
    ends = {dict(webhook.fields)["CallID"]: webhook.second for webhook in webhooks if _kind(webhook) == "hangup"}
    return [(at, ends[call]) for call, at in answers.items()]


def _kind(webhook: Webhook) -> str:
    return dict(webhook.fields)["EventType"]


def _shared(begin: int, end: int, interval: tuple[str, int, int]) -> int:
    state, start, stop = interval
    return max(min(end, stop) - max(begin, start), 0) if state == "busy" else 0


def test_a_talk_of_two_days_keeps_its_phone_busy(ledger: Ledger) -> None:
    """Calls that are rejected on the second day do not end it."""
    begin, rejections, end = 10, (30 * 3600, 40 * 3600), 48 * 3600
    ledger.take(talk("A", begin, end))
    for call, at in zip("BC", rejections, strict=True):
        ledger.take(rejected(call, at))

    intervals = states(ledger)
    assert [state for state, _, _ in intervals] == ["early", *["busy"] * 5]
    assert (intervals[1][1], intervals[-1][2]) == (begin, end)


def test_old_talks_are_dropped_and_their_intervals_stay(ledger: Ledger) -> None:
    """Talks are kept for weeks, so that late events find them; the intervals that they made are kept for good."""
    ledger.take([*talk("A", 10, 125), *rejected("B", 25)])
    before = states(ledger)

    assert phone_talks.drop_old(ledger.writer, BEGIN) == 0
    assert phone_talks.drop_old(ledger.writer, BEGIN + timedelta(days=1)) == 1
    assert states(ledger) == before
