"""Short numbers: an intake stores which of them are extensions of the client, so that a replay gives the same rows."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.ledger.replay import replay
from tests.databases import run
from tests.ingest.telephony import BEGIN, CLIENT, Ledger, event

SHORT = {"CallFlow": "out", "CallerIDNum": f"{CLIENT}*106", "CalledNumber": "107", "CallStatus": "BUSY"}
INNER = "SELECT DISTINCT inner_numbers FROM ledger.events"


def test_a_number_of_the_client_is_stored_with_the_event(ledger: Ledger) -> None:
    """107 is an extension of the client, and 112 is none."""
    ledger.take([event("C1", "106", "dial-out", 0, **SHORT)])
    assert ledger.column(INNER) == [["107"]]

    ledger.clear()
    ledger.take([event("C1", "106", "dial-out", 0, **SHORT | {"CalledNumber": "112"})])
    assert ledger.column(INNER) == [[]]


def test_a_replay_does_not_ask_the_registry_again(ledger: Ledger) -> None:
    """An extension that is registered later does not change the calls before it."""
    call = [event("C1", "106", kind, second, **SHORT | {"CalledNumber": "208"})
            for second, kind in enumerate(("dial-out", "hangup"))]  # fmt: skip
    ledger.take(call)
    before = ledger.tables()
    ledger.register("telphin", f"{CLIENT}*208")
    replay(ledger.owner, BEGIN, BEGIN + timedelta(days=1), "", lambda _: None)
    assert ledger.tables() == before

    run(ledger.url, "DELETE FROM ledger.extensions WHERE name = %s", [f"{CLIENT}*208"])


def test_an_event_that_comes_again_keeps_what_was_stored(ledger: Ledger) -> None:
    """A message that is delivered twice is understood as at its first intake."""
    call = [event("C1", "106", kind, second, **SHORT | {"CalledNumber": "209"})
            for second, kind in enumerate(("dial-out", "hangup"))]  # fmt: skip
    ledger.take(call)
    before = ledger.tables()
    ledger.register("telphin", f"{CLIENT}*209")
    ledger.take(call)
    run(ledger.url, "DELETE FROM ledger.extensions WHERE name = %s", [f"{CLIENT}*209"])

    assert ledger.tables() == before
    assert ledger.column(INNER) == [[]]
