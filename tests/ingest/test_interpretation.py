"""Settings that decide how calls are interpreted, and senders that are registered under the wrong type."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from chalicelib.calls.options import Feature, FeatureCode, Options, feature_codes
from chalicelib.errors import Misconfigured
from chalicelib.ingest import batches
from chalicelib.ingest.batches import LAST_RECEIVE, Callbacks, Delivery
from chalicelib.ledger import interpretation
from chalicelib.ledger.replay import replay
from chalicelib.platform import runtime
from chalicelib.registry import extensions
from tests.ingest.telephony import BEGIN, CLIENT, Ledger, Webhook, event

DAY = timedelta(days=1)
OUTGOING = {"CallFlow": "out", "CallerIDNum": f"{CLIENT}*107", "CalledNumber": "*606"}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Return a patch of the environment; settings are read again before and after the test."""
    runtime.renew()
    yield monkeypatch
    monkeypatch.undo()
    runtime.renew()


def picked_up(call: str) -> list[Webhook]:
    """Return a call that rings at 106 and is picked up at 107 with the code *606."""
    return [
        event(call, "106", "dial-in", 0),
        event(call, "107", "dial-out", 5, **OUTGOING),
        event(call, "107", "answer", 6, **OUTGOING),
        event(call, "106", "hangup", 6, CallStatus="CANCEL"),
        event(call, "107", "hangup", 66, **OUTGOING),
    ]


def test_an_installation_has_codes_of_its_own(ledger: Ledger, environment: pytest.MonkeyPatch) -> None:
    """FEATURE_CODES replaces the usual table: *606 picks up the call that rings at 106."""
    ledger.take(picked_up("C1"))
    assert ledger.column("SELECT anumber FROM calls.success") == [f"{CLIENT}*107"]

    ledger.clear()
    environment.setenv("FEATURE_CODES", "*98=voicemail *6=pickup:2-4")
    runtime.renew()
    ledger.take(picked_up("C1"))

    assert ledger.column("SELECT anumber FROM calls.success") == ["+79214567892"]
    assert ledger.column("SELECT bnumber FROM calls.success") == [f"{CLIENT}*107"]


def test_the_literal_rule_wants_an_answer_event(ledger: Ledger, environment: pytest.MonkeyPatch) -> None:
    """With ANSWER_BY_STATUS=0 a hangup that says ANSWER proves nothing."""
    environment.setenv("ANSWER_BY_STATUS", "0")
    runtime.renew()
    ledger.take([event("C1", "106", "dial-in", 0), event("C1", "106", "hangup", 60, Duration="50000000")])

    assert ledger.column("SELECT count(*) FROM calls.success") == [0]


def test_wrong_codes_are_refused_with_what_would_be_right(environment: pytest.MonkeyPatch) -> None:
    """The error names the variable and the word."""
    environment.setenv("FEATURE_CODES", "98=voicemail")
    runtime.renew()

    with pytest.raises(Misconfigured, match=r"FEATURE_CODES: '98=voicemail' is not PREFIX=FEATURE"):
        interpretation.options("telphin")


def test_a_wrong_setting_sets_nothing_aside(ledger: Ledger, environment: pytest.MonkeyPatch) -> None:
    """Webhooks stay in the queue and calls keep their rows until the setting is corrected."""
    ledger.take(picked_up("C1"))
    before = ledger.tables()
    environment.setenv("FEATURE_CODES", "98=voicemail")
    runtime.renew()
    deliveries = [Delivery("m0", text, LAST_RECEIVE) for text in ledger.texts(picked_up("C2")[:1])]

    assert batches.take(ledger.writer, deliveries, Callbacks(report=lambda _delivery, _error: None)) == ["m0"]
    with pytest.raises(Misconfigured):
        replay(ledger.owner, BEGIN - DAY, BEGIN + DAY, "", lambda _: None)
    assert ledger.column("SELECT count(*) FROM ledger.quarantine") == [0]
    assert ledger.column("SELECT fault FROM ledger.calls") == [""]
    assert ledger.tables() == before


def test_codes_are_a_table_of_prefixes() -> None:
    """Each word names a prefix, its feature and how many digits may follow."""
    assert feature_codes(["*98=voicemail", "*6=pickup:2-4", "#7=park:0-0"]) == (
        FeatureCode("*98", Feature.VOICEMAIL),
        FeatureCode("*6", Feature.PICKUP, 2, 4),
        FeatureCode("#7", Feature.PARK, 0, 0),
    )


@pytest.mark.parametrize("word", ["98=voicemail", "*98", "*98=", "*98=mail", "*98=voicemail:4", "*98=voicemail:a-b"])
def test_a_code_that_is_none_is_named(word: str) -> None:
    """The error shows the word and what would be right."""
    with pytest.raises(ValueError, match="is not PREFIX=FEATURE"):
        feature_codes([word])


@pytest.mark.parametrize(
    ("number", "feature"),
    [
        ("*98", Feature.VOICEMAIL),
        ("*98106", Feature.VOICEMAIL),
        ("*981234567", None),
        ("*8", Feature.PICKUP),
        ("*8106", Feature.PICKUP),
        ("*700", Feature.PARK),
        ("*701", Feature.RETRIEVE),
        ("*70", None),
        ("*55106", Feature.LISTEN),
        ("*8+7921", None),
        ("+79214567892", None),
        ("", None),
    ],
)
def test_the_longest_prefix_decides(number: str, feature: Feature | None) -> None:
    """A code is its prefix and as many digits as it allows."""
    assert Options().feature(number) is feature


def test_a_phone_that_sends_bridged_is_shown_as_mistyped(ledger: Ledger) -> None:
    """The registry notes it, for the extension that sent it alone, until its type is corrected."""
    ivr = ledger.register("telphin", f"{CLIENT}*106", "phone")
    ledger.take([event("C1", "106", "hangup", 20, Bridged="no", CallStatus="CANCEL")])
    assert [each.id for each in extensions.listing(ledger.url) if each.mistyped] == [ivr]

    ledger.register("telphin", f"{CLIENT}*106", "ivr")
    assert not [each for each in extensions.listing(ledger.url) if each.mistyped]
    ledger.register("telphin", f"{CLIENT}*106", "phone")


def test_another_extension_behind_the_same_address_is_not_mistyped(ledger: Ledger) -> None:
    """One address may serve several extensions: the IVR behind that of a phone says nothing of the phone."""
    ledger.take([event("C1", "107", "hangup", 20, Bridged="no", CalledNumber=f"{CLIENT}*099")])

    assert f"{CLIENT}*107" not in [each.description.name for each in extensions.listing(ledger.url) if each.mistyped]
    assert ledger.column("SELECT count(*) FROM calls.cancelled") == [1]
