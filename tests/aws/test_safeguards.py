"""What holds when something goes wrong: bounds, second walls, lost work that is found again, roles kept narrow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app import app
from chalicelib import faxes
from chalicelib.oktell import uploads
from chalicelib.recordings import storages
from infra.aws import alarms, policies, schedules, stack_parameters, storage
from infra.aws.function_resources import HOUR
from infra.aws.intrinsics import attribute, function_id, logical, queue_id, ref, role_id
from infra.aws.lambdas import LAMBDAS, LOST_INVOCATIONS, QUEUES, Network
from infra.aws.variables import METRICS
from tests.aws import reachable

Template = dict[str, Any]
LOST = attribute(queue_id(LOST_INVOCATIONS), "Arn")
#: An account may run so many Lambdas at once, of which so many cannot be reserved.
ACCOUNT, UNRESERVED = 1_000, 100


def lifecycle(sam: Template) -> dict[str, Any]:
    """The bucket's rules by their names."""
    rules = sam["Resources"]["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    return {rule["Id"]: rule for rule in rules}


def test_s3_deletes_recordings_after_the_maintenance_should_have(sam: Template) -> None:
    """One parameter says both: the recorder's days, and by a table 30 more; it is never archived after it has gone."""
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
    """They hold what somebody may have asked to be forgotten, and their addresses end within the hour."""
    rule = lifecycle(sam)["answers"]
    assert (rule["Prefix"], rule["ExpirationInDays"]) == ("answers/", 1)
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}


def test_nothing_else_is_deleted_unasked(sam: Template) -> None:
    """Uploads, facsimiles and scripts' files stay until somebody deletes them."""
    ended = {rule["Prefix"] for rule in lifecycle(sam).values() if "ExpirationInDays" in rule}
    assert not {prefix for prefix in ended for kept in (uploads.PREFIX, faxes.PREFIX) if kept.startswith(prefix)}


def started_unwaited() -> set[str]:
    """The Lambdas that a schedule or another Lambda starts without waiting."""
    return {"scripts", "replicate"} | {source.name for source in schedules.sources(app)}


def test_an_invocation_that_nobody_waits_for_is_not_lost(sam: Template) -> None:
    """It ends, with its event, in a queue that wakes somebody; its role may write there, and no other may."""
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
    """What it has done elsewhere, nobody can take back."""
    assert sam["Resources"]["Scripts"]["Properties"]["EventInvokeConfig"]["MaximumRetryAttempts"] == 0


def test_a_schedule_that_cannot_start_its_lambda_leaves_a_letter(sam: Template) -> None:
    """Its role may start just these Lambdas, write that letter, and serve this account's schedules alone."""
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
    """Whatever else is asked at once is bounded, and the bounds leave most of an account to what cannot wait."""
    known = stack_parameters.parameters()
    reserved = {
        name: known[needed.concurrency["Ref"]]["Default"]
        if isinstance(needed.concurrency, dict)
        else needed.concurrency
        for name, needed in LAMBDAS.items()
        if needed.concurrency is not None
    }
    consumers = {queue.consumer for queue in QUEUES.values()}

    assert set(LAMBDAS) - set(reserved) - consumers == {"webhooks", "replicate", "admin"}
    assert sum(reserved.values()) <= (ACCOUNT - UNRESERVED) / 4


@pytest.mark.parametrize("name", [name for name, of in LAMBDAS.items() if of.network is not Network.PUBLIC])
def test_code_cannot_use_the_rights_of_its_network(sam: Template, name: str) -> None:
    """Lambda's service makes interfaces under the function's role; from within the function that is denied."""
    statements = sam["Resources"][role_id(name)]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (denied,) = [statement for statement in statements if statement.get("Effect") == "Deny"]

    assert set(denied["Action"]) == set(policies.INTERFACES)
    (arn,) = denied["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]
    assert arn["Fn::Sub"].endswith(f":function:${{AWS::StackName}}-{name.replace('_', '-')}")


def test_every_queue_refuses_plain_http(sam: Template) -> None:
    """Dead letters and lost invocations, too."""
    assert sam["Resources"]["QueuesTlsOnly"]["Properties"]["Queues"] == [ref(queue_id(n)) for n in storage.names()]
    made = [name for name, each in sam["Resources"].items() if each["Type"] == "AWS::SQS::Queue"]
    assert sorted(made) == sorted(map(queue_id, storage.names()))


def test_a_key_is_asked_of_queries_alone_and_only_where_wanted(sam: Template) -> None:
    """A preflight carries none, and no PBX or old script can send one."""
    paths = sam["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    asked = {(path, verb) for path, verbs in paths.items() for verb, each in verbs.items() if "security" in each}
    wanted = {"Fn::If": ["NeedsApiKey", [{"api_key": []}], {"Ref": "AWS::NoValue"}]}

    assert asked == {("/statistics", "post"), ("/api/token/v1/{token}", "post")}
    assert all(paths[path][verb]["security"] == wanted for path, verb in asked)
    assert sam["Resources"]["ApiKey"]["Condition"] == "NeedsApiKey"
    assert sam["Parameters"]["StatisticsApiKey"]["Default"] == "false"


def test_the_usage_plan_is_of_the_stage(translated: Template) -> None:
    """With a rate and a daily quota for each key."""
    plan = translated["Resources"]["UsagePlan"]["Properties"]
    (stage,) = plan["ApiStages"]

    assert stage == {"ApiId": ref("RestAPI"), "Stage": {"Ref": stage["Stage"]["Ref"]}}
    assert translated["Resources"][stage["Stage"]["Ref"]]["Type"] == "AWS::ApiGateway::Stage"
    assert plan["Quota"] == {"Limit": ref("KeyRequestsPerDay"), "Period": "DAY"}


@pytest.mark.parametrize(("service", "metric"), alarms.SHOWN)
def test_what_alarms_wait_for_is_counted(sam: Template, service: str, metric: str) -> None:
    """Some path of the Lambda's code has both names, and the Lambda knows the stage's own namespace."""
    name = {"maintenance": "maintain"}.get(service, service)
    module = {"recorder": "chalicelib.recordings.recorder"}.get(service, f"chalicelib.{service}.surface")
    environment = sam["Resources"][function_id(name)]["Properties"]["Environment"]["Variables"]

    assert {service, metric} <= reachable.texts(reachable.reachable(module))
    assert environment["METRICS_NAMESPACE"] == METRICS


def test_no_lambda_answers_at_an_address_of_its_own(sam: Template) -> None:
    """The API is the only way in: no function has a URL."""
    assert "FunctionUrl" not in json.dumps(sam)
