"""Parameters and facts that infra/README.md promises, in the packaged template."""

from __future__ import annotations

from typing import Any

import pytest

from infra.aws.lambdas import LAMBDAS


def of_type(sam: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Return the resources of a type by name."""
    return {name: resource for name, resource in sam["Resources"].items() if resource["Type"] == kind}


def test_every_lambda_logs_json_without_the_lines_of_each_start(sam: dict[str, Any]) -> None:
    """The system's log begins at WARN, which saves the three lines of each request."""
    functions = of_type(sam, "AWS::Serverless::Function")
    assert len(functions) == len(LAMBDAS)
    for function in functions.values():
        logging = function["Properties"]["LoggingConfig"]
        assert (logging["LogFormat"], logging["SystemLogLevel"]) == ("JSON", "WARN")


def test_a_web_acl_is_a_parameter(sam: dict[str, Any]) -> None:
    """Without one, nothing is associated with the API."""
    (association,) = of_type(sam, "AWS::WAFv2::WebACLAssociation").values()
    assert sam["Parameters"]["WebAclArn"]["Default"] == ""
    assert (association["Condition"], association["Properties"]["WebACLArn"]) == ("HasWebAcl", {"Ref": "WebAclArn"})


def test_the_access_log_of_the_bucket_is_a_parameter(sam: dict[str, Any]) -> None:
    """Without a bucket for it there is none."""
    condition, logging, nothing = sam["Resources"]["Bucket"]["Properties"]["LoggingConfiguration"]["Fn::If"]
    assert (condition, nothing) == ("HasAccessLog", {"Ref": "AWS::NoValue"})
    assert logging["DestinationBucketName"] == {"Ref": "AccessLogBucket"}


@pytest.mark.parametrize(
    ("alarm", "metric"),
    [("DatabaseStorage", "FreeStorageSpace"), ("DatabaseProcessor", "CPUUtilization")],
)
def test_the_database_has_alarms(sam: dict[str, Any], alarm: str, metric: str) -> None:
    """Its storage and its processor are watched where the stack knows the instance."""
    resource = sam["Resources"][alarm]
    assert (resource["Condition"], resource["Properties"]["MetricName"]) == ("HasDatabaseInstance", metric)


def test_working_hours_without_webhooks_ring(sam: dict[str, Any]) -> None:
    """The alarm exists where the working hours are set."""
    assert sam["Resources"]["NoWebhooks"]["Condition"] == "HasWorkday"


def test_releases_are_parameters(sam: dict[str, Any]) -> None:
    """Versions with an alias, canaries and snapshots for the Lambdas behind the API; by default all move at once."""
    released = [function["Properties"] for function in of_type(sam, "AWS::Serverless::Function").values()
                if "AutoPublishAlias" in function["Properties"]]  # fmt: skip
    assert len(released) >= 8
    for properties in released:
        assert properties["DeploymentPreference"]["Type"] == {"Ref": "DeploymentPreference"}
        assert properties["SnapStart"] == {"ApplyOn": {"Fn::If": ["HasSnapStart", "PublishedVersions", "None"]}}
    assert sam["Parameters"]["DeploymentPreference"]["Default"] == "AllAtOnce"
    assert sam["Parameters"]["SnapStart"]["Default"] == "false"
