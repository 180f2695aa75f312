"""The filters of Ringledger's own reports: every report takes the same ones, and they mean the same calls."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import InvalidRequest
from chalicelib.settings import Settings
from chalicelib.statistics import report_values
from chalicelib.statistics.own_reports import own_reports
from tests.ingest.telephony import Ledger
from tests.statistics.test_metrics import MISSED
from tests.statistics.test_reports import CLOCK, run_report
from tests.statistics.timelines import post

#: A call from outside through a queue to one agent, who transfers it to another one.
PASSED_ON = """
    00:00 queue:300 dial-in from=+79214567892 did=78005553535
    00:02 106 dial-in from=+79214567892 did=78005553535
    00:12 106 answer
    01:05 107 dial-in from=106 remote=+79214567892 transferred=yes
    01:10 107 answer
    01:10 106 hangup
    01:12 queue:300 hangup lasted=72 bridged=yes
    02:10 107 hangup
"""
#: Reports about calls that nobody answered, which have no agent.
WITHOUT_AGENT = {"abandoned-by-queue", "not-called-back", "service-level"}
FILTERS = {"line", "queue", "agent", "number"}
#: The values of the call, the number as another PBX writes it.
MATCHING = {"line": "78005553535", "queue": "13596*300", "agent": "13596*106", "number": "8 (921) 456-78-92"}
OTHER = {"line": "78005550000", "queue": "13596*301", "agent": "13596*110", "number": "+79214567893"}
FURTHER = {"repeated-callers": {"times": 1}}
TAKEN = [
    (name, choice) for name in own_reports() for choice in MATCHING if not (choice == "agent" and name in WITHOUT_AGENT)
]


@pytest.mark.parametrize("name", own_reports())
def test_every_report_takes_the_same_filters(name: str) -> None:
    """Each has them with the same type and no default; a report without one of them says why in its description."""
    definition = own_reports()[name]
    declared = {each.name: each for each in definition.parameters if each.name in FILTERS}
    assert FILTERS - declared.keys() == ({"agent"} if name in WITHOUT_AGENT else set())
    assert {(each.type, each.default, each.required) for each in declared.values()} == {("text", None, False)}
    assert ("No filter by agent: a missed call has none." in definition.description.en) == (name in WITHOUT_AGENT)
    standard = {each.name for each in definition.every_parameter()}
    assert {"from", "to"} <= standard


@pytest.mark.parametrize("name", sorted(WITHOUT_AGENT))
def test_a_filter_that_a_report_does_not_take(name: str) -> None:
    """It is refused with the reason, so that no figures look as if they were filtered."""
    with pytest.raises(InvalidRequest, match=r"unknown parameter 'agent'.*No filter by agent: a missed call has none"):
        report_values.values(own_reports()[name], {"agent": "13596*106"}, CLOCK)


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """Return a ledger with one answered and recorded call, and one missed call to another line's number."""
    post(ledger, "telphin", PASSED_ON)
    ledger.owner.execute("UPDATE calls.success SET isrec = true")
    return ledger


@pytest.mark.parametrize(("name", "choice"), TAKEN)
@pytest.mark.usefixtures("filled")
def test_a_filter_keeps_its_calls_and_no_others(site: Settings, ledger: Ledger, name: str, choice: str) -> None:
    """With the values of the only call the rows are those without a filter; with other values there are none."""
    if name == "not-called-back":
        post(ledger, "telphin", MISSED.replace("+79031112233", "+79214567892").replace("00:", "30:"))
    whole: list[dict[str, Any]] = run_report(site, name, **FURTHER.get(name, {}))
    kept = run_report(site, name, **FURTHER.get(name, {}), **{choice: MATCHING[choice]})
    assert whole
    if (name, choice) == ("agents-time", "agent"):
        assert kept == [row for row in whole if row["agent"] == MATCHING["agent"]]
    elif (name, choice) == ("recordings", "agent"):
        assert [row["to_number"] for row in kept] == ["13596*106"]
    else:
        assert kept == whole
    assert run_report(site, name, **FURTHER.get(name, {}), **{choice: OTHER[choice]}) == []
    every = {each: MATCHING[each] for each in MATCHING if (name, each) in TAKEN}
    assert len(run_report(site, name, **FURTHER.get(name, {}), **every)) > 0
