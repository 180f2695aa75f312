"""Calls of several LINKEDIDs become the same rows whatever the order of their records, in a real database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.calls.events import CallKey
from chalicelib.envelope import reading
from chalicelib.ledger import closing, joining, store
from chalicelib.ledger.replay import replay
from chalicelib.platform.postgres import Connection
from tests.asterisk.records import START, body, by_call, timeline
from tests.asterisk.timelines import ATTENDED, BLIND, PICKED_UP
from tests.examples import examples
from tests.ingest.consumers import consume_at_once
from tests.ingest.telephony import NAMESPACE, Ledger, message

JOINED = {"attended": ATTENDED, "blind": BLIND, "picked up": PICKED_UP}
MODEST = settings(
    max_examples=examples(12),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
Record = dict[str, str]
BLIND_ROWS = timeline(BLIND)


def post(ledger: Ledger, records: Sequence[Record], second: float = 100, writer: Connection | None = None) -> None:
    """Take one webhook with these records, accepted `second` seconds after START."""
    content = body(list(records))
    text = message(
        ledger.register("asterisk", "pbx"),
        identity=str(uuid5(NAMESPACE, f"{content!r} {second}")),
        accepted=START + timedelta(seconds=second),
        provider="asterisk",
        body=content,
    )
    store.take(writer or ledger.writer, [reading.read(text)])


def undisturbed(ledger: Ledger, records: Sequence[Record]) -> dict[str, list[str]]:
    """Return the tables after one webhook with all records."""
    ledger.clear()
    post(ledger, records)
    return ledger.tables()


@pytest.mark.parametrize("name", JOINED)
def test_one_webhook_for_each_linkedid(ledger: Ledger, name: str) -> None:
    """The calls are joined whichever of their LINKEDIDs comes first, and one of them leads to the other."""
    records = timeline(JOINED[name])
    expected = undisturbed(ledger, records)
    for parts in (by_call(records), by_call(records)[::-1]):
        ledger.clear()
        for part in parts:
            post(ledger, part)

        assert ledger.tables() == expected
        heads = ledger.column("SELECT head FROM ledger.calls ORDER BY id")
        assert heads == ["", *["pbx 1795255200.1"] * (len(parts) - 1)]
        assert ledger.column("SELECT count(DISTINCT call_id) FROM ledger.records") == [1]


@MODEST
@given(data=st.data(), name=st.sampled_from(sorted(JOINED)), size=st.integers(1, 9))
def test_any_order_copies_and_split(ledger: Ledger, data: st.DataObject, name: str, size: int) -> None:
    """Any permutation with copies, in webhooks of any size, gives the tables of the undisturbed run."""
    records = timeline(JOINED[name])
    expected = undisturbed(ledger, records)
    repeated = data.draw(st.lists(st.sampled_from(records), max_size=6))
    shuffled = data.draw(st.permutations([*records, *repeated]))
    ledger.clear()

    for begin in range(0, len(shuffled), size):
        post(ledger, shuffled[begin : begin + size], second=100 + begin)

    assert ledger.tables() == expected
    replay(ledger.owner, START, START + timedelta(days=1), "", lambda _: None)
    assert ledger.tables() == expected


@MODEST
@given(data=st.data(), name=st.sampled_from(sorted(JOINED)), size=st.integers(1, 6))
def test_several_consumers(ledger: Ledger, data: st.DataObject, name: str, size: int) -> None:
    """Consumers that meet the parts of a call at once join them, without a deadlock."""
    records = timeline(JOINED[name])
    expected = undisturbed(ledger, records)
    shuffled = data.draw(st.permutations(records))
    batches = [shuffled[begin : begin + size] for begin in range(0, len(shuffled), size)]
    ledger.clear()
    consume_at_once(ledger.settings, batches, lambda batch, writer: post(ledger, batch, writer=writer), 3)

    assert ledger.tables() == expected


def test_calls_that_share_nothing_stay_apart(ledger: Ledger) -> None:
    """Two calls in one webhook are two calls, each stored with its own records."""
    later = [
        record | {"uniqueid": f"{record['uniqueid']}7", "linkedid": f"{record['linkedid']}7"} for record in BLIND_ROWS
    ]

    post(ledger, [*BLIND_ROWS, *later])

    assert ledger.column("SELECT count(DISTINCT esgdlg) FROM calls.success") == [2]
    assert ledger.column("SELECT count(*) FROM ledger.events") == [2]
    assert ledger.column("SELECT head FROM ledger.calls") == ["", ""]


def test_two_pbxs_of_a_client_use_one_linkedid(ledger: Ledger) -> None:
    """The ids of a call hold the PBX's name, so that nothing is joined across PBXs."""
    post(ledger, BLIND_ROWS)
    content = body(BLIND_ROWS)
    text = message(
        ledger.register("asterisk", "branch"),
        identity=str(uuid5(NAMESPACE, "branch")),
        accepted=START,
        provider="asterisk",
        body=content,
    )

    store.take(ledger.writer, [reading.read(text)])

    assert ledger.column("SELECT count(*) FROM calls.success") == [4]


def test_a_row_keeps_its_id_when_calls_are_joined(ledger: Ledger) -> None:
    """The row of a consultation stays when it becomes part of a transfer; its record only gets another call."""
    first, second = by_call(timeline(ATTENDED))
    post(ledger, second)
    before = ledger.column("SELECT inviteid FROM calls.success")

    post(ledger, first)

    assert before[0] in ledger.column("SELECT inviteid FROM calls.success")
    assert ledger.column("SELECT anumber FROM calls.success ORDER BY start_dt") == ["+79214567892"] * 2
    assert ledger.column("SELECT isreplacing FROM calls.success ORDER BY start_dt") == [False, True]


def test_a_missed_call_leads_to_the_talk_that_takes_its_place(ledger: Ledger) -> None:
    """Before the pick-up is known the call is missed; its record then names its successor."""
    first, second = by_call(timeline(PICKED_UP))
    post(ledger, [record for record in first if record["uniqueid"] != second[0]["uniqueid"]])
    missed = ledger.column("SELECT inviteid FROM calls.cancelled")

    post(ledger, [record for record in first if record["uniqueid"] == second[0]["uniqueid"]], second=101)
    post(ledger, second, second=102)

    assert ledger.column("SELECT count(*) FROM calls.cancelled") == [0]
    talk = ledger.column("SELECT inviteid FROM calls.success")
    assert ledger.column(f"SELECT successor FROM ledger.records WHERE inviteid = '{missed[0]}'") == talk


def test_a_joined_call_closes_as_one(ledger: Ledger) -> None:
    """A call of which no end came is closed under its head, and only there."""
    records = [
        record for record in timeline(ATTENDED) if record["eventtype"] not in ("CHAN_END", "HANGUP", "LINKEDID_END")
    ]
    post(ledger, records)
    assert ledger.column("SELECT id FROM ledger.calls WHERE open") == ["pbx 1795255200.1"]

    closing.close_due(ledger.writer, START + timedelta(days=2), 4 * 3600)

    assert ledger.column("SELECT id FROM ledger.calls WHERE open") == []
    assert ledger.column("SELECT count(*) FROM calls.success") == [2]


def test_later_records_of_a_joined_call_find_it(ledger: Ledger) -> None:
    """A record of the younger LINKEDID that comes days later corrects the rows of the joined call."""
    first, second = by_call(timeline(ATTENDED))
    late = [record for record in second if record["eventtype"] == "BRIDGE_ENTER"]
    post(ledger, [record for record in second if record not in late])
    post(ledger, first)
    start = "SELECT start_dt FROM calls.success WHERE bnumber = '103'"
    assert ledger.column(start) == [START + timedelta(seconds=40, microseconds=300)]

    post(ledger, late, second=3 * 86_400)

    assert ledger.column(start) == [START + timedelta(seconds=24.2)]


def test_a_runaway_call_is_not_read_again(ledger: Ledger) -> None:
    """Records beyond the limit are stored and change nothing, whatever the number of webhooks."""
    begin = timeline("0 trunk CHAN_START exten=100")
    loop: list[dict[str, Any]] = [
        begin[0] | {"eventtype": "APP_START", "appdata": str(number)} for number in range(5_100)
    ]
    post(ledger, begin)
    post(ledger, loop)

    post(ledger, timeline("9 trunk CHAN_END"), second=200)

    assert ledger.column("SELECT flags FROM ledger.calls") == [["only the first 5000 events are interpreted"]]
    assert ledger.column("SELECT interpreted_until FROM ledger.calls") == [START + timedelta(seconds=100)]


def test_parts_are_dropped_when_no_call_can_need_them(ledger: Ledger) -> None:
    """A channel that was named long ago joins no calls any more."""
    post(ledger, timeline(ATTENDED))
    assert ledger.column("SELECT count(*) FROM ledger.call_parts WHERE part <> ''") == [4]

    assert joining.drop_parts(ledger.writer, START) == 0
    assert joining.drop_parts(ledger.writer, START + timedelta(days=1)) == 4


def test_the_oldest_id_leads() -> None:
    """Numbers in ids are compared by value: the tenth channel of a second comes after the ninth."""
    keys = [CallKey("asterisk", "acme", f"pbx {name}") for name in ("1795255200.10", "1795255200.9", "1795255199.11")]

    assert [key.id.split(".")[1] for key in sorted(keys, key=joining.age)] == ["11", "9", "10"]
