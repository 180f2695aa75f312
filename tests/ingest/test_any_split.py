"""The order, duplication and batching of events do not change the resulting tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.ledger.replay import replay
from tests.examples import examples
from tests.ingest.consumers import consume_at_once
from tests.ingest.telephony import (
    BEGIN,
    LEDGER,
    TABLES,
    Ledger,
    Webhook,
    answered,
    busy,
    copies,
    missed,
    ring_group,
)

KINDS = (answered, busy, missed, ring_group)
DAY = timedelta(days=1)
MODEST = settings(
    max_examples=examples(12),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@st.composite
def calls(draw: st.DrawFn) -> list[Webhook]:
    """Draw the events of a few calls of any kind, some of which overlap."""
    made = draw(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 90)), min_size=1, max_size=4))
    return [webhook for number, (kind, at) in enumerate(made) for webhook in kind(f"C{number}", at)]


def ordinary(ledger: Ledger, webhooks: Sequence[Webhook]) -> dict[str, list[str]]:
    """Return the tables after one batch with every event once and in order."""
    ledger.clear()
    ledger.take(webhooks)
    return ledger.tables()


def batches(webhooks: Sequence[Webhook], size: int) -> list[Sequence[Webhook]]:
    """Split `webhooks` into batches."""
    return [webhooks[begin : begin + size] for begin in range(0, len(webhooks), size)]


@MODEST
@given(data=st.data(), events=calls(), size=st.integers(1, 9))
def test_any_order_copies_and_split(ledger: Ledger, data: st.DataObject, events: list[Webhook], size: int) -> None:
    """Any permutation with any duplicates, in batches of any size, gives the tables of the undisturbed run."""
    expected = ordinary(ledger, events)
    repeated = data.draw(st.lists(st.sampled_from(events), max_size=6))
    shuffled = data.draw(st.permutations([*events, *repeated, *copies(repeated)]))
    ledger.clear()

    for batch in batches(shuffled, size):
        ledger.take(batch)

    assert ledger.tables() == expected


@MODEST
@given(data=st.data(), events=calls(), size=st.integers(1, 5))
def test_several_consumers(ledger: Ledger, data: st.DataObject, events: list[Webhook], size: int) -> None:
    """Two consumers that take batches of the same calls at once give the tables of the undisturbed run."""
    expected = ordinary(ledger, events)
    shuffled = batches(data.draw(st.permutations(events)), size)
    ledger.clear()
    consume_at_once(ledger.settings, shuffled, ledger.take, 2)

    assert ledger.tables() == expected


@MODEST
@given(events=calls(), data=st.data())
def test_any_suffix_first(ledger: Ledger, events: list[Webhook], data: st.DataObject) -> None:
    """The last events may come first, and calls may be closed in between: the tables are those of the right order."""
    expected = ordinary(ledger, events)
    cut = data.draw(st.integers(0, len(events)))
    ledger.clear()

    ledger.take(events[cut:])
    ledger.take(events[:cut])

    assert ledger.tables() == expected


@MODEST
@given(events=calls())
def test_replay(ledger: Ledger, events: list[Webhook]) -> None:
    """A replay changes nothing; after all rows are deleted, it restores them."""
    expected = ordinary(ledger, events)
    report = replay(ledger.owner, BEGIN - DAY, BEGIN + DAY, "", lambda _: None)
    assert (ledger.tables(), report.changes) == (expected, {})

    lost = [table for table in (*TABLES, *LEDGER) if table not in {"ledger.events", "ledger.calls"}]
    ledger.owner.execute(f"TRUNCATE {', '.join(lost)}")
    replay(ledger.owner, BEGIN - DAY, BEGIN + DAY, "", lambda _: None)

    assert ledger.tables() == expected
