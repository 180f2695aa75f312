"""Ready rows of a PBX are written once, beside the rows that follow from events."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from chalicelib.envelope import reading
from chalicelib.ledger import store
from tests.databases import run
from tests.ingest.telephony import (
    BEGIN,
    CLIENT,
    Ledger,
    answered,
    message,
)

IDENTITY = "00000000-0000-0000-0000-000000000001"
NATIVE = '{"table": "calls.holds", "rows": [{"side": "a", "hold_dt": "2026-11-20T09:00:00"}, {"side": "b"}]}'


def test_native_rows_are_written_once(ledger: Ledger) -> None:
    """Two webhooks with equal rows give each row once."""
    native = ledger.register("native", "old-pbx")
    for number in (1, 2):
        text = message(
            native,
            identity=f"00000000-0000-0000-0000-00000000000{number}",
            accepted=BEGIN,
            provider="native",
            body=NATIVE,
        )
        store.take(ledger.writer, [reading.read(text)])

    assert ledger.column("SELECT side FROM calls.holds ORDER BY side") == ["a", "b"]


@pytest.mark.parametrize("first", ["native", "events"])
def test_a_record_has_no_double(ledger: Ledger, first: str) -> None:
    """A ready row under the inviteid of a record that follows from events gives no second row of that call."""
    ledger.take(answered("C1", 0))
    expected = ledger.tables()
    (inviteid,) = ledger.column("SELECT inviteid FROM calls.success")
    if first == "native":
        ledger.clear()
    body = json.dumps({"table": "calls.success", "rows": [{"inviteid": str(inviteid), "anumber": "1"}]})
    native = ledger.register("native", "old-pbx")
    text = message(native, identity=IDENTITY, accepted=BEGIN, provider="native", body=body)
    store.take(ledger.writer, [reading.read(text)])
    ledger.take(answered("C1", 0))

    assert ledger.tables() == expected


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (None,)])
def test_ready_states_of_a_phone(ledger: Ledger, order: tuple[int | None, ...]) -> None:
    """Ready states join those that events prove, each once and in any order, and the intervals follow from all."""
    rows = [
        {"login": f"{CLIENT}*106", "state": state, "eventts": (BEGIN + timedelta(seconds=at)).isoformat()}
        for state, at in (("early", 0), ("busy", 3))
    ]
    body = json.dumps({"table": "sipuserevents.sipuser_state_changed", "rows": rows})
    native = ledger.register("native", "states")
    text = message(native, identity=IDENTITY, accepted=BEGIN, provider="native", body=body)
    batches = [[text], ledger.texts(answered("C1", 0))]
    for part in order:
        texts = batches[0] + batches[1] if part is None else batches[part]
        store.take(ledger.writer, [reading.read(text) for text in texts])

    assert run(ledger.url, "SELECT state, len FROM sipusers.states ORDER BY dt_start") == [
        ("early", 3), ("busy", 2), ("busy", 55),
    ]  # fmt: skip
    assert ledger.column("SELECT count(*) FROM sipuserevents.sipuser_state_changed") == [4]
    assert ledger.column("SELECT state FROM ledger.presence") == ["registered"]
