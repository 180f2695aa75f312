"""The Lambdas' resources that Chalice's own template lacks."""

from __future__ import annotations

from typing import Any

from infra.aws.intrinsics import (
    ABSENT,
    ALIAS,
    Json,
    attribute,
    chosen,
    function_id,
    logical,
    physical,
    queue_id,
    ref,
    sub,
)  # fmt: skip
from infra.aws.lambda_needs import Lambda, Network
from infra.aws.lambdas import LAMBDAS, LOST_INVOCATIONS, QUEUES
from infra.aws.policies import log_group
from infra.aws.variables import environment

HOUR = 3_600
#: The ranges that a VPC's addresses are in (RFC 1918 and RFC 6598).
PRIVATE_ADDRESSES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
SUBNETS = {Network.DATABASE: "SubnetIds", Network.OUTBOUND: "OutboundSubnetIds"}
GROUPS = {Network.DATABASE: "DatabaseLambdas", Network.OUTBOUND: "OutboundLambdas"}


def functions(answering: set[str]) -> Json:
    """Return each Lambda with its name, environment, network and limits, and its log group.

    `answering` are those behind the API, which are published as versions.
    """
    resources: Json = {}
    for name, needed in LAMBDAS.items():
        published = _publication(name) if name in answering else {"Description": sub("Release ${Release}")}
        resources[function_id(name)] = {"Properties": {**_properties(name, needed), **published}}
        resources[log_group(name)] = {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": sub(f"/aws/lambda/${{AWS::StackName}}-{name.replace('_', '-')}"),
                "RetentionInDays": ref("LogRetentionDays"),
            },
        }
    return resources


def _properties(name: str, needed: Lambda) -> Json:
    properties: dict[str, Any] = {
        "FunctionName": physical(name),
        "Environment": {"Variables": environment(needed.variables)},
        # Lambda's own lines of each start and end would cost more than the bundle's; their figures are in its metrics.
        "LoggingConfig": {
            "LogGroup": ref(log_group(name)),
            "LogFormat": "JSON",
            "SystemLogLevel": "WARN",
            "ApplicationLogLevel": {"Fn::FindInMap": ["LogLevels", ref("LogLevel"), "Lambda"]},
        },
        # Lambda traces by itself. Powertools' Tracer would do it too, but its import costs as much as four cold starts.
        "Tracing": "Active",
    }
    if needed.network in SUBNETS:
        properties["VpcConfig"] = {
            "SubnetIds": ref(SUBNETS[needed.network]),
            "SecurityGroupIds": [ref(GROUPS[needed.network])],
        }
    if needed.concurrency is not None:
        properties["ReservedConcurrentExecutions"] = needed.concurrency
    if needed.layer:
        properties["Layers"] = [ref(needed.layer)]
    if needed.disk is not None:
        properties["EphemeralStorage"] = {"Size": needed.disk}
    if needed.recursive:
        properties["RecursiveLoop"] = "Allow"
    if needed.retries is not None:
        properties["EventInvokeConfig"] = {
            "MaximumRetryAttempts": needed.retries,
            "MaximumEventAgeInSeconds": HOUR,
            "DestinationConfig": {
                "OnFailure": {"Type": "SQS", "Destination": attribute(queue_id(LOST_INVOCATIONS), "Arn")}
            },
        }
    events = {
        f"{logical(name)}SqsEventSource": {"Properties": _consumption(queue)}
        for queue, of in QUEUES.items()
        if of.consumer == name
    }
    return {**properties, "Events": events} if events else properties


def _publication(name: str) -> Json:
    """Return how a new version of the Lambda takes over: a canary that raises the alarm on errors is rolled back."""
    alarms = chosen("HasCanary", [ref(f"{logical(name)}Errors")], [ABSENT])
    return {
        "AutoPublishAlias": ALIAS,
        # A version is made when this changes. SAM itself sees a change of the code, but not one of a parameter's value.
        "AutoPublishCodeSha256": ref("Release"),
        "DeploymentPreference": {"Type": ref("DeploymentPreference"), "Alarms": alarms},
        "SnapStart": {"ApplyOn": chosen("HasSnapStart", "PublishedVersions", "None")},
    }


def _consumption(queue: str) -> Json:
    return {
        # Merging joins dictionaries, so this must be the function that Chalice writes there.
        "Queue": sub(f"${{{queue_id(queue)}.Arn}}"),
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        # A low reserved concurrency instead would throttle the poller and use up the messages' receives.
        "ScalingConfig": {"MaximumConcurrency": QUEUES[queue].concurrency},
    }


def network() -> Json:
    """Return the security groups of the Lambdas, and the VPC endpoints of the services that they call."""
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}
    database = {
        "IpProtocol": "tcp",
        "FromPort": ref("DatabasePort"),
        "ToPort": ref("DatabasePort"),
        "DestinationSecurityGroupId": ref("DatabaseSecurityGroupId"),
    }
    anything = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 65_535, "CidrIp": "0.0.0.0/0"}
    return {
        "DatabaseLambdas": _group("Lambdas that reach PostgreSQL and AWS", [database, https]),
        # The owner of a PBX or a CRM chooses the port of its database and its HTTP server.
        "OutboundLambdas": _group("Lambdas that ask providers and CRMs too", [anything]),
        **{
            f"DatabaseFrom{each}": _ingress("DatabaseSecurityGroupId", "DatabasePort", each) for each in GROUPS.values()
        },
        **_endpoints(),
    }


def _endpoints() -> Json:
    services = {"SecretsManager": "secretsmanager", "Sqs": "sqs", "Lambda": "lambda"}
    group = _group("Endpoints of AWS services", [])
    # Private DNS sends all workloads of the VPC to these endpoints, so each of them is admitted, not this stack alone.
    group["Properties"]["SecurityGroupIngress"] = [
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": each} for each in PRIVATE_ADDRESSES
    ]
    return {
        "EndpointGroup": {**group, "Condition": "HasInterfaceEndpoints"},
        **{
            f"ExistingEndpointFrom{source}": {
                **_ingress("EndpointSecurityGroupId", 443, source),
                "Condition": "HasEndpointGroup",
            }
            for source in GROUPS.values()
        },
        "S3Endpoint": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Condition": "HasRouteTables",
            "Properties": {
                "VpcId": ref("VpcId"),
                "VpcEndpointType": "Gateway",
                "ServiceName": sub("com.amazonaws.${AWS::Region}.s3"),
                "RouteTableIds": ref("RouteTableIds"),
            },
        },
        **{
            f"{name}Endpoint": {
                "Type": "AWS::EC2::VPCEndpoint",
                "Condition": "HasInterfaceEndpoints",
                "Properties": {
                    "VpcId": ref("VpcId"),
                    "VpcEndpointType": "Interface",
                    "PrivateDnsEnabled": True,
                    "ServiceName": sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                    "SubnetIds": ref("SubnetIds"),
                    "SecurityGroupIds": [ref("EndpointGroup")],
                },
            }
            for name, service in services.items()
        },
    }


def _group(description: str, egress: list[Json]) -> Json:
    # Without a rule, CloudFormation adds one that allows every outgoing connection.
    nothing = [{"IpProtocol": "-1", "CidrIp": "127.0.0.1/32"}]
    return {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": description,
            "VpcId": ref("VpcId"),
            "SecurityGroupEgress": egress or nothing,
        },
    }


def _ingress(group: str, port: str | int, source: str) -> Json:
    number = ref(port) if isinstance(port, str) else port
    return {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": ref(group),
            "IpProtocol": "tcp",
            "FromPort": number,
            "ToPort": number,
            "SourceSecurityGroupId": ref(source),
        },
    }
