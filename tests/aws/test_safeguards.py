"""Safeguards: limits, second walls, a queue for lost work, narrow roles."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from app import app
from chalicelib import settings
from chalicelib.oktell import faxes, uploads
from chalicelib.recordings import storages
from infra.aws import alarms, policies, quotas, schedules, storage
from infra.aws.function_resources import HOUR, PRIVATE_ADDRESSES
from infra.aws.intrinsics import attribute, function_id, logical, queue_id, ref
from infra.aws.lambda_needs import Network
from infra.aws.lambdas import LAMBDAS, LOST_INVOCATIONS
from infra.aws.variables import METRICS
from tests.aws import reachable

Template = dict[str, Any]
LOST = attribute(queue_id(LOST_INVOCATIONS), "Arn")
#: An account's limit of concurrent Lambdas, and the part of it that cannot be reserved.
ACCOUNT = 1_000


def lifecycle(sam: Template) -> dict[str, Any]:
    """Return the bucket's rules by their names."""
    rules = sam["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    return {rule["Id"]: rule for rule in rules}


def test_s3_deletes_recordings_after_the_maintenance_should_have(sam: Template) -> None:
    """One parameter sets both retentions: maintenance's and, 30 days longer, S3's; archiving comes earlier."""
    rule = lifecycle(sam)["recordings"]
    walls = sam["Mappings"]["SecondWall"]
    environment = sam["Resources"]["Recorder"]["Properties"]["Environment"]["Variables"]

    assert rule["Prefix"] == storages.MAIN_PREFIX
    assert rule["ExpirationInDays"] == {"Fn::FindInMap": ["SecondWall", ref("RecordingDays"), "Days"]}
    assert environment["RECORDING_DAYS"] == ref("RecordingDays")
    assert {int(days): wall["Days"] for days, wall in walls.items()} == {
        int(days): int(days) + 30 for days in sam["Parameters"]["RecordingDays"]["AllowedValues"]
    }
    assert 30 <= rule["Transitions"][0]["TransitionInDays"] < min(wall["Days"] for wall in walls.values())


def test_answers_are_gone_within_days(sam: Template) -> None:
    """Large answers are deleted within days: they can hold numbers that were forgotten since."""
    rule = lifecycle(sam)["answers"]
    assert (rule["Prefix"], rule["ExpirationInDays"]) == ("answers/", 1)
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_nothing_else_is_deleted_unasked(sam: Template) -> None:
    """Uploads, faxes and scripts' files stay until they are deleted by hand."""
    ended = {rule["Prefix"] for rule in lifecycle(sam).values() if "ExpirationInDays" in rule}
    assert not {prefix for prefix in ended for kept in (uploads.PREFIX, faxes.PREFIX) if kept.startswith(prefix)}


def started_unwaited() -> set[str]:
    """Return the Lambdas that a schedule or another Lambda starts without waiting."""
    return {"scripts", "replicate", "jobs", "archive"} | {source.name for source in schedules.sources(app)}


def test_an_asynchronous_invocation_is_not_lost(sam: Template) -> None:
    """A failed one ends with its event in a queue that has an alarm; only its own role can write there."""
    assert {name for name, needed in LAMBDAS.items() if needed.retries is not None} == started_unwaited()
    for name in LAMBDAS:
        configured = sam["Resources"][function_id(name)]["Properties"].get("EventInvokeConfig")
        grants = [s for s in policies.document(name)["Statement"] if s.get("Resource") == LOST]
        assert bool(configured) == bool(grants) == (name in started_unwaited())
        if configured:
            assert configured["DestinationConfig"]["OnFailure"] == {"Type": "SQS", "Destination": LOST}
            assert configured["MaximumEventAgeInSeconds"] == HOUR
    assert sam["Resources"]["InvocationsLost"]["Properties"]["Dimensions"][0]["Value"] == {
        "Fn::GetAtt": [queue_id(LOST_INVOCATIONS), "QueueName"]
    }


def test_a_script_never_runs_twice(sam: Template) -> None:
    """A script has effects in other systems, so it is never retried."""
    assert sam["Resources"]["Scripts"]["Properties"]["EventInvokeConfig"]["MaximumRetryAttempts"] == 0


def test_a_schedule_that_cannot_start_its_lambda_leaves_a_letter(sam: Template) -> None:
    """Its role can start these Lambdas, write the dead letter, and be used by this account's schedules alone."""
    role = sam["Resources"]["SchedulerRole"]["Properties"]
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    invoke, keep = role["Policies"][0]["PolicyDocument"]["Statement"]

    assert trusted["Condition"] == {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}
    assert invoke["Resource"] == [attribute(function_id(each.name), "Arn") for each in schedules.sources(app)]
    assert (keep["Action"], keep["Resource"]) == (["sqs:SendMessage"], LOST)
    for source in schedules.sources(app):
        target = sam["Resources"][f"{logical(source.name)}Schedule"]["Properties"]["Target"]
        assert target["DeadLetterConfig"] == {"Arn": LOST}


def test_requests_leave_room_for_webhooks() -> None:
    """Other requests have limits of concurrency, which leave most of an account to webhooks."""
    reserved = quotas.reserved()

    assert set(LAMBDAS) - set(reserved) == {"webhooks"}
    assert sum(reserved.values()) <= (ACCOUNT - quotas.UNRESERVED) / 3


@pytest.mark.parametrize("name", [name for name, of in LAMBDAS.items() if of.network is not Network.PUBLIC])
def test_code_cannot_use_the_rights_of_its_network(sam: Template, name: str) -> None:
    """Lambda's service makes interfaces with the function's role; the function itself cannot."""
    statements = sam["Resources"][f"{logical(name)}Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (denied,) = [statement for statement in statements if statement.get("Effect") == "Deny"]

    assert set(denied["Action"]) == set(policies.INTERFACES)
    (arn,) = denied["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]
    assert arn["Fn::Sub"].endswith(f":function:${{AWS::StackName}}-{name.replace('_', '-')}")


def test_every_queue_refuses_plain_http(sam: Template) -> None:
    """Every queue refuses plain HTTP, those of dead letters and lost invocations too."""
    assert sam["Resources"]["QueuesTlsOnly"]["Properties"]["Queues"] == [ref(queue_id(n)) for n in storage.names()]
    made = [name for name, each in sam["Resources"].items() if each["Type"] == "AWS::SQS::Queue"]
    assert sorted(made) == sorted(map(queue_id, storage.names()))


def test_queries_alone_need_an_api_key_and_only_by_parameter(sam: Template) -> None:
    """Preflights, PBXs and old scripts cannot send one."""
    paths = sam["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    asked = {(path, verb) for path, verbs in paths.items() for verb, each in verbs.items() if "security" in each}
    wanted = {"Fn::If": ["NeedsApiKey", [{"api_key": []}], {"Ref": "AWS::NoValue"}]}

    queries = {("/statistics", "post"), ("/api/token/v1/{token}", "post")}
    pages = {"/token", "/statistics/functions", "/statistics/schema", "/reports", "/reports/{file}"}
    assert asked == queries | {(page, verb) for page in pages for verb in ("get", "head")}
    assert all(paths[path][verb]["security"] == wanted for path, verb in asked)
    assert sam["Resources"]["ApiKey"]["Condition"] == "NeedsApiKey"
    assert sam["Parameters"]["StatisticsApiKey"]["Default"] == "false"


def test_the_usage_plan_is_of_the_stage(translated: Template) -> None:
    """The usage plan has a rate and a daily quota for each key."""
    plan = translated["Resources"]["UsagePlan"]["Properties"]
    (stage,) = plan["ApiStages"]

    assert stage == {"ApiId": ref("RestAPI"), "Stage": {"Ref": stage["Stage"]["Ref"]}}
    assert translated["Resources"][stage["Stage"]["Ref"]]["Type"] == "AWS::ApiGateway::Stage"
    assert plan["Quota"] == {"Limit": ref("KeyRequestsPerDay"), "Period": "DAY"}


@pytest.mark.parametrize(("service", "metric"), alarms.SHOWN)
def test_what_alarms_wait_for_is_counted(sam: Template, service: str, metric: str) -> None:
    """Some path of the Lambda's code has the names of service and metric, and the namespace is the stage's."""
    name = {"maintenance": "maintain"}.get(service, service)
    module = {"recorder": "chalicelib.recordings.recorder"}.get(service, f"chalicelib.{service}.surface")
    environment = sam["Resources"][function_id(name)]["Properties"]["Environment"]["Variables"]

    assert {service, metric} <= reachable.texts(reachable.reachable(module))
    assert environment["METRICS_NAMESPACE"] == METRICS


def test_oktell_without_passwords_needs_networks(sam: Template) -> None:
    """CloudFormation refuses the parameters before it changes anything."""
    (assertion,) = sam["Rules"]["OktellIsProtected"]["Assertions"]
    required = {"Fn::Equals": [ref("OktellPasswordRequired"), "yes"]}
    restricted = {"Fn::Not": [{"Fn::Equals": [ref("OktellNetworks"), ""]}]}

    assert assertion["Assert"] == {"Fn::Or": [required, restricted]}
    defaults = {name: sam["Parameters"][name]["Default"] for name in ("OktellPasswordRequired", "OktellNetworks")}
    assert defaults == {"OktellPasswordRequired": "yes", "OktellNetworks": ""}


def test_no_lambda_answers_at_an_address_of_its_own(sam: Template) -> None:
    """The API is the only way in: no function has a URL."""
    assert "FunctionUrl" not in json.dumps(sam)


def test_the_reader_has_a_connection_for_each_of_its_lambdas(sam: Template) -> None:
    """The role's limit is the sum of what statistics and scripts can open."""
    users = {name for name, needed in LAMBDAS.items() if "READER_DATABASE_URL" in needed.variables} - {"admin"}
    limits = {LAMBDAS[name].concurrency["Ref"] for name in users}
    variables = sam["Resources"][function_id("admin")]["Properties"]["Environment"]["Variables"]

    text = variables["READER_CONNECTION_LIMIT"]["Fn::Sub"]
    assert set(text.split()) == {f"${{{limit}}}" for limit in limits}
    assert settings.load({"READER_CONNECTION_LIMIT": "40 20"}).reader_connection_limit == 60


def test_the_quotas_follow_from_the_table(sam: Template) -> None:
    """The printed numbers are sums over the Lambdas, and the alarm on connections rings before all are open."""
    assert quotas.executions() == sum(quotas.reserved().values()) + 100
    assert quotas.executions({"StatisticsConcurrency": 50}) == quotas.executions() + 10
    assert quotas.connections({"StatisticsConcurrency": 50}) == quotas.connections() + 20
    assert quotas.connections(through_proxy=False) < quotas.connections()
    assert sam["Parameters"]["ConnectionsAlarm"]["Default"] == quotas.alarm_at() < quotas.connections()


def test_a_change_of_a_parameter_reaches_the_stage(sam: Template) -> None:
    """SAM makes a deployment for each change of the template's text; these parameters change the API without one."""
    api = sam["Resources"]["RestAPI"]["Properties"]

    assert api["AlwaysDeploy"] is True
    assert decisive(sam, [api["DefinitionBody"], api["GatewayResponses"]]) == {"StatisticsApiKey"}


def decisive(sam: Template, part: object) -> set[str]:
    """Return the parameters that `part` refers to, also through conditions."""
    text = json.dumps(part)
    conditions = set(re.findall(r'"Fn::If": \["(\w+)"', text)) | set(re.findall(r'"Condition": "(\w+)"', text))
    names = set(re.findall(r'"Ref": "(\w+)"', text)) | set(re.findall(r"\$\{(\w+)\}", text))
    for condition in conditions:
        names |= decisive(sam, sam["Conditions"][condition])
    return names & set(sam["Parameters"])


def test_a_failed_first_deployment_leaves_no_name_taken(sam: Template) -> None:
    """Whatever outlives the stack goes with it when its creation fails, so that the next try finds the names free."""
    kept = {name for name, each in sam["Resources"].items() if each.get("DeletionPolicy", "Delete") != "Delete"}
    policies_of_kept = {sam["Resources"][name]["DeletionPolicy"] for name in kept}

    assert policies_of_kept == {"RetainExceptOnCreate"}
    assert {"Bucket", "OwnerSecret", queue_id("call-events")} <= kept


def test_endpoints_admit_the_other_workloads_of_the_vpc(sam: Template) -> None:
    """Private DNS leads the whole VPC to them, so that no workload times out; a second stack uses existing ones."""
    group = sam["Resources"]["EndpointGroup"]["Properties"]
    existing = [each for name, each in sam["Resources"].items() if name.startswith("ExistingEndpointFrom")]

    assert {rule["CidrIp"] for rule in group["SecurityGroupIngress"]} == set(PRIVATE_ADDRESSES)
    assert {rule["FromPort"] for rule in group["SecurityGroupIngress"]} == {443}
    assert {each["Condition"] for each in existing} == {"HasEndpointGroup"}
    assert {each["Properties"]["GroupId"]["Ref"] for each in existing} == {"EndpointSecurityGroupId"}
