"""The template as other programs read it: AWS's linter and translator, and moto's CloudFormation."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from app import app
from infra.aws import building, schedules
from infra.aws.intrinsics import logical
from infra.aws.lambda_needs import Network
from infra.aws.lambdas import LAMBDAS, QUEUES
from infra.local.scheduler import event
from infra.rehearsal.cloud import EMPTY_ZIP, for_moto, network

STACK = "ringledger"
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")


@pytest.fixture(scope="module")
def linting(translated: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """Run AWS's linter in the background; `make package` also checks the form before the translation."""
    template = tmp_path_factory.mktemp("lint") / "template.json"
    template.write_text(json.dumps(translated), "utf-8")
    linter = Path(sys.executable).with_name("cfn-lint")
    with subprocess.Popen([linter, template], stdout=subprocess.PIPE, text=True) as running:
        yield running
        running.kill()


def test_there_is_one_stage(translated: dict[str, Any]) -> None:
    """There is one stage; the translator can add another one named "Stage"."""
    stages = [each for each in translated["Resources"].values() if each["Type"] == "AWS::ApiGateway::Stage"]
    assert [stage["Properties"]["StageName"] for stage in stages] == ["api"]


@pytest.fixture(scope="module")
def created(translated: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Create the stack on moto, without the resources that moto lacks, and return its parameters."""
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        boto3.client("s3").create_bucket(Bucket="code")
        boto3.client("s3").put_object(Bucket="code", Key="deployment.zip", Body=EMPTY_ZIP)
        parameters = _parameters()
        _create(for_moto(translated), parameters)
        yield parameters


def _parameters() -> dict[str, str]:
    return {
        **network(boto3.client("ec2")),
        "DatabaseHost": "direct.example",
        "RequestDatabaseHost": "proxy.example",
        "SetApiGatewayLogRole": "false",
    }


def _create(template: dict[str, Any], parameters: dict[str, str]) -> None:
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def test_every_lambda_comes_into_being_as_configured(created: dict[str, Any]) -> None:
    """Each Lambda has its own name, role, memory, timeout and subnets."""
    functions = {each["FunctionName"]: each for each in boto3.client("lambda").list_functions()["Functions"]}
    configured = building.stage_functions("dev")
    subnets = {Network.PUBLIC: "", Network.DATABASE: "SubnetIds", Network.OUTBOUND: "OutboundSubnetIds"}

    assert set(functions) == {f"{STACK}-{name.replace('_', '-')}" for name in LAMBDAS}
    assert len({each["Role"] for each in functions.values()}) == len(LAMBDAS)
    for name, needed in LAMBDAS.items():
        made = functions[f"{STACK}-{name.replace('_', '-')}"]
        assert (made["MemorySize"], made["Timeout"]) == (
            configured[name]["lambda_memory_size"],
            configured[name]["lambda_timeout"],
        )
        wanted = created.get(subnets[needed.network], "").split(",")
        assert made.get("VpcConfig", {}).get("SubnetIds", [""]) == wanted


def test_requests_reach_the_database_through_its_proxy(created: dict[str, Any]) -> None:
    """Lambdas that hold locks or sessions connect to the database itself."""
    variables = _environments()
    assert f"@{created['RequestDatabaseHost']}:" in variables["statistics"]["READER_DATABASE_URL"]
    assert f"@{created['RequestDatabaseHost']}:" in variables["recordings"]["GATE_DATABASE_URL"]
    assert f"@{created['DatabaseHost']}:" in variables["ingest"]["WRITER_DATABASE_URL"]
    assert f"@{created['DatabaseHost']}:" in variables["admin"]["DATABASE_URL"]


def test_queues_feed_their_consumers(created: dict[str, Any]) -> None:
    """Each mapping reports failed messages one by one and has its own limit; each queue has dead letters."""
    mappings = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    fed = {each["EventSourceArn"].rpartition(":")[2]: each["FunctionArn"].rpartition(":")[2] for each in mappings}
    sqs = boto3.client("sqs")

    assert fed == {f"{STACK}-{name}": f"{STACK}-{queue.consumer}" for name, queue in QUEUES.items() if queue.consumer}
    assert all(each["FunctionResponseTypes"] == ["ReportBatchItemFailures"] for each in mappings)
    assert all(each["ScalingConfig"]["MaximumConcurrency"] >= 2 for each in mappings)
    for name in QUEUES:
        url = sqs.get_queue_url(QueueName=f"{STACK}-{name}")["QueueUrl"]
        policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
        assert json.loads(policy)["deadLetterTargetArn"].endswith(f":{STACK}-{name}-dead")
    assert created


def test_scheduler_takes_the_schedules(sam: dict[str, Any]) -> None:
    """EventBridge Scheduler knows their expressions and zone, and Chalice can read its events."""
    for source in schedules.sources(app):
        properties = sam["Resources"][f"{logical(source.name)}Schedule"]["Properties"]
        sent = json.loads(properties["Target"]["Input"])
        with mock_aws():
            scheduler = boto3.client("scheduler", region_name="us-east-1")
            scheduler.create_schedule(
                Name=source.name,
                ScheduleExpression=properties["ScheduleExpression"],
                ScheduleExpressionTimezone="Europe/Moscow",
                FlexibleTimeWindow=properties["FlexibleTimeWindow"],
                Target={"Arn": "arn:aws:lambda:::function:x", "RoleArn": "arn:aws:iam::1:role/x", "Input": "{}"},
            )
        assert set(sent) == set(event(source.name, datetime.now(UTC)))


@pytest.mark.verify
def test_the_linter_finds_nothing(linting: subprocess.Popen[str]) -> None:
    """The linter finds no fault, and no unused parameter, which it sees only after the translation."""
    said, _ = linting.communicate()
    assert (linting.returncode, said) == (0, "")


def _environments() -> dict[str, dict[str, str]]:
    functions = boto3.client("lambda").list_functions()["Functions"]
    return {
        each["FunctionName"].removeprefix(f"{STACK}-").replace("-", "_"): each["Environment"]["Variables"]
        for each in functions
    }
