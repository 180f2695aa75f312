"""The packaged template: each route has its Lambda, and the resources follow the tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from app import app
from infra.aws import building, policies, rest_api, schedules
from infra.aws.alarms import COUNTED
from infra.aws.intrinsics import function_id, logical, queue_id
from infra.aws.lambda_needs import Network
from infra.aws.lambdas import LAMBDAS, QUEUES
from infra.aws.variables import MEMBERS, VARIABLES

Template = dict[str, Any]


def of_type(template: Template, kind: str) -> dict[str, Any]:
    """Return the resources of a type by their logical ids."""
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def routes() -> Iterator[tuple[str, str, str]]:
    """Return every path and verb of the bundle, with the module of its view."""
    for path, methods in app.routes.items():
        for verb, entry in methods.items():
            yield path, verb.lower(), entry.view_function.__module__


@pytest.mark.parametrize(("path", "verb", "module"), list(routes()))
def test_each_route_is_bound_to_the_lambda_of_its_surface(sam: Template, path: str, verb: str, module: str) -> None:
    """A route belongs to the Lambda under whose name `app.py` mounts its surface."""
    entry = {module: name for name, module in app.surfaces.items()}[module]
    uri = sam["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"][path][verb]
    named = re.findall(r"\$\{(\w+)\.Alias\}", uri["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"])

    assert named == [function_id("api_handler" if entry == "app" else entry)]


def test_there_are_no_other_paths(sam: Template) -> None:
    """The API has no path but those of the bundle; CloudFormation would not notice a misspelled one."""
    body = sam["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    assert set(body["paths"]) == set(app.routes)
    assert all(set(body["paths"][path]) == {verb.lower() for verb in app.routes[path]} for path in app.routes)


def test_every_content_type_is_binary(sam: Template) -> None:
    """Without `*/*`, API Gateway would decode packed and UTF-16 bodies as text before a Lambda sees them."""
    api = sam["Resources"]["RestAPI"]["Properties"]
    assert api["BinaryMediaTypes"] == api["DefinitionBody"]["x-amazon-apigateway-binary-media-types"] == ["*/*"]
    # The statistics channel compresses before its answers are limited, the gateway everything else.
    assert api["MinimumCompressionSize"] == 1_000


def test_only_lambdas_with_routes_may_be_invoked_by_the_api(sam: Template) -> None:
    """Each Lambda with routes has one permission, for this API alone."""
    permissions = [each["Properties"] for each in of_type(sam, "AWS::Lambda::Permission").values()]
    owners = {owner for verbs in rest_api.owners(app).values() for owner in verbs.values()}

    aliases = [f"{function_id(name)}.Alias" for name in owners]
    assert sorted(each["FunctionName"]["Ref"] for each in permissions) == sorted(aliases)
    assert all("${RestAPI" in json.dumps(each["SourceArn"]) for each in permissions)


def test_a_route_of_a_surface_without_a_lambda_fails_the_build() -> None:
    """The build fails for a surface that is mounted under no entry point."""
    application = type("Application", (), {})()
    application.pure_lambda_functions, application.routes = [], app.routes
    application.surfaces = app.surfaces

    with pytest.raises(LookupError, match=r"which app\.py makes no Lambda of"):
        rest_api.owners(application)


@pytest.mark.parametrize("name", LAMBDAS)
def test_each_lambda_has_its_own_role_limits_and_log(sam: Template, name: str) -> None:
    """The Lambdas share nothing but the code."""
    function = sam["Resources"][function_id(name)]["Properties"]
    configured = building.stage_functions("dev")[name]

    assert function["Role"] == {"Fn::GetAtt": [f"{logical(name)}Role", "Arn"]}
    assert (function["MemorySize"], function["Timeout"]) == (
        configured["lambda_memory_size"],
        configured["lambda_timeout"],
    )
    assert function["Architectures"] == ["arm64"]
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": policies.log_group(name)}
    assert ("VpcConfig" in function) == (LAMBDAS[name].network is not Network.PUBLIC)
    statement = sam["Resources"][f"{logical(name)}Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert statement == policies.document(name)["Statement"]


@pytest.mark.parametrize("name", LAMBDAS)
def test_no_action_is_allowed_by_a_pattern(name: str) -> None:
    """Actions are spelled out, and only those that accept no resource are granted on all."""
    anywhere = {*policies.INTERFACES, *policies.TRACES}
    for statement in policies.document(name)["Statement"]:
        allowed = statement["Fn::If"][1] if "Fn::If" in statement else statement
        assert not [action for action in allowed["Action"] if "*" in action]
        assert allowed["Resource"] != "*" or set(allowed["Action"]) <= anywhere


@pytest.mark.parametrize("name", [name for name, queue in QUEUES.items() if queue.consumer])
def test_a_queue_suits_its_consumer(sam: Template, name: str) -> None:
    """The visibility timeout is six timeouts; failed messages are reported one by one; dead letters are kept."""
    queue = sam["Resources"][queue_id(name)]["Properties"]
    consumer = sam["Resources"][function_id(QUEUES[name].consumer)]["Properties"]
    (source,) = consumer["Events"].values()

    assert queue["VisibilityTimeout"] >= 6 * consumer["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] >= 5
    assert queue["SqsManagedSseEnabled"]
    assert source["Properties"]["Queue"] == {"Fn::Sub": f"${{{queue_id(name)}.Arn}}"}
    assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_schedules_stand_in_for_rules(sam: Template) -> None:
    """EventBridge Scheduler replaces every rule; a remaining rule would run its Lambda twice."""
    assert "Schedule" not in {
        event["Type"]
        for function in of_type(sam, "AWS::Serverless::Function").values()
        for event in function["Properties"].get("Events", {}).values()
    }
    assert len(of_type(sam, "AWS::Scheduler::Schedule")) == len(schedules.sources(app)) > 0


def test_what_starts_itself_may(sam: Template) -> None:
    """A Lambda that starts itself is exempt from Lambda's detection of loops."""
    recursive = {name for name, needed in LAMBDAS.items() if needed.recursive}
    assert recursive == {
        name for name in LAMBDAS if sam["Resources"][function_id(name)]["Properties"].get("RecursiveLoop") == "Allow"
    }


def test_the_bucket_is_private_and_refuses_plain_http(sam: Template) -> None:
    """The bucket is private, and refuses plain HTTP."""
    properties = sam["Resources"]["Bucket"]["Properties"]
    policy = sam["Resources"]["BucketTlsOnly"]["Properties"]["PolicyDocument"]["Statement"][0]

    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert policy["Effect"] == "Deny"
    assert policy["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert sam["Resources"]["Bucket"]["DeletionPolicy"] == "RetainExceptOnCreate"


def test_no_log_has_a_path_in_it(sam: Template) -> None:
    """A path contains a token or a key: API Gateway logs its pattern, and no executions."""
    properties = sam["Resources"]["RestAPI"]["Properties"]
    logged = properties["AccessLogSetting"]["Format"]

    assert not {"$context.path", "$context.requestOverride.path"} & set(re.findall(r"\$context[\w.]+", logged))
    assert all("LoggingLevel" not in each and not each["DataTraceEnabled"] for each in properties["MethodSettings"])
    # A trace of the gateway contains the address with its query; a Lambda's does not.
    assert not properties["TracingEnabled"]
    assert {each["Properties"]["Tracing"] for each in of_type(sam, "AWS::Serverless::Function").values()} == {"Active"}


def test_no_secret_stands_in_the_template(sam: Template) -> None:
    """Passwords are references that the Lambda resolves itself, and secrets start empty or random."""
    text = json.dumps(sam)
    assert "resolve:secretsmanager" not in text
    assert set(re.findall(r"://[\w${}]+:([^@]+)@", text)) == {
        f"{{secret:${{AWS::StackName}}/{role}:password}}"
        for role in ("reader", "gate", "writer", "operator", "archiver", "owner")
    }
    secrets = of_type(sam, "AWS::SecretsManager::Secret").values()
    assert {each["Properties"].get("SecretString", "{}") for each in secrets} == {"{}"}


def test_everything_that_can_fail_has_an_alarm(sam: Template) -> None:
    """Errors, throttles and slowness of each Lambda, age and dead letters of each queue notify one topic."""
    alarms = of_type(sam, "AWS::CloudWatch::Alarm")
    wanted = {f"{logical(name)}{kind}" for name in LAMBDAS for kind in ("Errors", "Throttles", "Slow")}
    wanted |= {f"{queue_id(name)}{kind}" for name in QUEUES for kind in ("Old", "Lost")}

    wanted |= {"DatabaseConnections", "DatabaseStorage", "DatabaseProcessor"}
    wanted |= {"ApiFailures", "NoWebhooks", "ReplicationBehind", "InvocationsLost", *COUNTED}
    assert wanted == set(alarms)
    assert all(each["Properties"]["AlarmActions"] == [{"Ref": "Alarms"}] for each in alarms.values())


def test_every_table_is_needed() -> None:
    """The tables have no Lambda, queue or setting that is unused."""
    assert {queue.consumer for queue in QUEUES.values() if queue.consumer} <= set(LAMBDAS)
    used = {variable for needed in LAMBDAS.values() for variable in needed.variables}
    known = {*VARIABLES, *(variable for members in MEMBERS.values() for variable in members)}
    assert used == known
