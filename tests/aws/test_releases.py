"""Releases: the Lambdas behind the API are published as versions, moved to safely, and can start from snapshots."""

from __future__ import annotations

from typing import Any

import pytest

from app import app
from infra.aws import rest_api, translation
from infra.aws.intrinsics import function_id
from infra.aws.lambdas import LAMBDAS

Template = dict[str, Any]
ANSWERING = sorted(rest_api.answering(app))


def versions(sam: Template, **values: str) -> set[str]:
    """Return the logical ids of the versions that the template makes with these values of its parameters."""
    translated = translation.translated(sam, values)
    return {name for name, each in translated["Resources"].items() if each["Type"] == "AWS::Lambda::Version"}


def test_each_release_makes_new_versions(sam: Template) -> None:
    """A new word for Release makes a version of each Lambda behind the API, also when only a parameter changed."""
    first, second = versions(sam, Release="1764342180"), versions(sam, Release="1764342181", LogLevel="DEBUG")

    assert len(first) == len(second) == len(ANSWERING)
    assert first.isdisjoint(second)
    assert first == versions(sam, Release="1764342180", LogLevel="DEBUG")


@pytest.mark.parametrize("name", ANSWERING)
def test_the_api_invokes_the_published_version(translated: Template, name: str) -> None:
    """The alias leads to the version, and CodeDeploy moves it."""
    alias = translated["Resources"][f"{function_id(name)}Aliaslive"]

    assert alias["Properties"]["Name"] == "live"
    assert alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]["Ref"].startswith(
        function_id(name)
    )


@pytest.mark.parametrize("name", ANSWERING)
def test_a_canary_is_rolled_back_by_its_alarm(sam: Template, name: str) -> None:
    """With a canary the alarm on errors decides; a deployment at once ignores alarms, since it may be the cure."""
    preference = sam["Resources"][function_id(name)]["Properties"]["DeploymentPreference"]
    condition, with_canary, at_once = preference["Alarms"]["Fn::If"]

    assert condition == "HasCanary"
    assert [sam["Resources"][alarm["Ref"]]["Properties"]["MetricName"] for alarm in with_canary] == ["Errors"]
    assert at_once == [{"Ref": "AWS::NoValue"}]


def test_other_lambdas_are_not_published(sam: Template) -> None:
    """Queues, schedules and operators start the newest code at once."""
    published = {name for name in LAMBDAS if "AutoPublishAlias" in sam["Resources"][function_id(name)]["Properties"]}
    assert published == set(ANSWERING)
