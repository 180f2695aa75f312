"""Metrics for CloudWatch: written when there is something to count, under the name of the stage."""

from __future__ import annotations

import json

import pytest

from chalicelib import metrics
from chalicelib.platform import runtime


def test_counts_are_written_under_the_stage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line in CloudWatch's embedded format contains the counts that are not zero."""
    monkeypatch.setenv("METRICS_NAMESPACE", "Ringledger/prod")
    runtime.renew()
    metrics.publish("recorder", {"recordings_ready": 2, "recordings_failed": 0})
    runtime.renew()

    (line,) = capsys.readouterr().out.splitlines()
    written = json.loads(line)
    (described,) = written["_aws"]["CloudWatchMetrics"]
    assert (described["Namespace"], described["Dimensions"]) == ("Ringledger/prod", [["service"]])
    assert [metric["Name"] for metric in described["Metrics"]] == ["recordings_ready"]
    assert (written["service"], written["recordings_ready"]) == ("recorder", [2])


def test_zero_counts_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    """A run of the maintenance that closes no call writes no line."""
    metrics.publish("maintenance", {"calls_closed": 0})
    assert capsys.readouterr().out == ""


def test_durations_and_a_target_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    """A run of the replication writes its duration in seconds, and its CRM as a dimension."""
    metrics.publish("replication", {"replication_sent": 3}, seconds={"replication_seconds": 1.5}, target="crm")

    written = json.loads(capsys.readouterr().out)
    (described,) = written["_aws"]["CloudWatchMetrics"]
    assert sorted(described["Dimensions"][0]) == ["service", "target"]
    assert {metric["Name"]: metric["Unit"] for metric in described["Metrics"]} == {
        "replication_sent": "Count",
        "replication_seconds": "Seconds",
    }
    assert (written["target"], written["replication_seconds"]) == ("crm", [1.5])
