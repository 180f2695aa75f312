"""EventBridge Scheduler, which replaces the rules that Chalice makes: those have no time zone."""

from __future__ import annotations

import json

from chalice.app import ScheduledEventConfig

from chalicelib.application import Application
from infra.aws.intrinsics import Json, attribute, function_id, logical, physical, queue_id, ref
from infra.aws.lambdas import LOST_INVOCATIONS

# The members of a rule's event that Chalice reads; Scheduler replaces the words in angle brackets.
INPUT = json.dumps(
    {
        "version": "0",
        "id": "<aws.scheduler.execution-id>",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "",
        "time": "<aws.scheduler.scheduled-time>",
        "region": "",
        "resources": ["<aws.scheduler.schedule-arn>"],
        "detail": {},
    }
)


def sources(app: Application) -> list[ScheduledEventConfig]:
    """Return the schedules that `app.py` declares."""
    return [source for source in app.event_sources if isinstance(source, ScheduledEventConfig)]


def schedules(app: Application) -> Json:
    """Return one schedule for each, and the role with which they start their Lambdas."""
    targets = [attribute(function_id(source.name), "Arn") for source in sources(app)]
    trusted: Json = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    # Schedules of other accounts cannot use the role.
    trusted["Condition"] = {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}
    invoke = {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": targets}
    keep = {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": attribute(queue_id(LOST_INVOCATIONS), "Arn")}
    return {
        "SchedulerRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]},
                "Policies": [
                    {
                        "PolicyName": "invoke",
                        "PolicyDocument": {"Version": "2012-10-17", "Statement": [invoke, keep]},
                    }
                ],
            },
        },
        **{f"{logical(source.name)}Schedule": _schedule(source) for source in sources(app)},
    }


def _schedule(source: ScheduledEventConfig) -> Json:
    expression = source.schedule_expression
    return {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "Name": physical(source.name),
            "ScheduleExpression": expression if isinstance(expression, str) else expression.to_string(),
            "ScheduleExpressionTimezone": ref("SiteZone"),
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {
                "Arn": attribute(function_id(source.name), "Arn"),
                "RoleArn": attribute("SchedulerRole", "Arn"),
                "Input": INPUT,
                # The run of the next hour does the work of a lost one.
                "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 1_800},
                "DeadLetterConfig": {"Arn": attribute(queue_id(LOST_INVOCATIONS), "Arn")},
            },
        },
    }
