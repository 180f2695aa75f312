"""The policy of each Lambda's role, from the table: exact actions on exact resources."""

from __future__ import annotations

from typing import Any

from infra.aws.intrinsics import ABSENT, API_HANDLER, Json, attribute, chosen, logical, queue_id, ref
from infra.aws.lambda_needs import Grant, Network
from infra.aws.lambdas import LAMBDAS, LOST_INVOCATIONS, QUEUES
from infra.aws.variables import secrets

# Lambda makes and removes network interfaces with the function's role; these actions accept no resource.
INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
TRACES = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")
CONSUMING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")


def log_group(name: str) -> str:
    """Return the logical id of the Lambda's log group."""
    return f"{logical(name)}Logs"


def document(name: str) -> Json:
    """Return the policy of the Lambda `name`."""
    statements: list[Any] = [_statement(grant) for grant in (*_own(name), *LAMBDAS[name].grants)]
    statements += [
        chosen(each.condition, _statement(Grant(each.actions, each.resource)), ABSENT)
        for each in LAMBDAS[name].optional
    ]
    if LAMBDAS[name].network is not Network.PUBLIC:
        statements.append(_not_by_code(name))
    return {"Version": "2012-10-17", "Statement": statements}


def actions(name: str) -> set[str]:
    """Return every action that the policy of the Lambda `name` can allow."""
    needed = LAMBDAS[name]
    always = {action for grant in (*_own(name), *needed.grants) for action in grant.actions}
    return always | {action for each in needed.optional for action in each.actions}


def _own(name: str) -> list[Grant]:
    """Return the rights that a Lambda needs to run: log, traces, interfaces, queue, and secrets of its settings."""
    needed = LAMBDAS[name]
    own = [
        Grant(("logs:CreateLogStream", "logs:PutLogEvents"), attribute(log_group(name), "Arn")),
        Grant(TRACES, "*"),
    ]
    if needed.network is not Network.PUBLIC:
        own.append(Grant(INTERFACES, "*"))
    own += [Grant(CONSUMING, attribute(queue_id(queue), "Arn")) for queue, of in QUEUES.items() if of.consumer == name]
    if needed.retries is not None:
        own.append(Grant.queue(LOST_INVOCATIONS, "sqs:SendMessage"))
    own += [
        Grant(("secretsmanager:GetSecretValue",), ref(f"{logical(secret)}Secret"))
        for secret in secrets(needed.variables)
    ]
    return own


def _not_by_code(name: str) -> dict[str, Any]:
    """Deny the code the rights to network interfaces, which only Lambda's service needs."""
    arn = Grant.function(name.replace("_", "-")).resource
    condition = {"ArnEquals": {"lambda:SourceFunctionArn": [arn]}}
    return {"Effect": "Deny", "Action": sorted(INTERFACES), "Resource": "*", "Condition": condition}


def file_name(name: str) -> str:
    """Return the name of the policy's file in .chalice."""
    return f"policy-{name.replace('_', '-') if name != API_HANDLER else 'api'}.json"


def _statement(grant: Grant) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": sorted(grant.actions), "Resource": grant.resource}
