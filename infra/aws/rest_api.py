"""The API: each path with the Lambda of its surface, and the gateway's limits, logs, errors and addresses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.application import Application
from chalicelib.oktell.refusals import NoSuchPath
from infra.aws import usage
from infra.aws.intrinsics import API_HANDLER, KEPT, Json, attribute, chosen, function_id, physical, queue_id, ref, sub
from infra.aws.lambdas import AGENTS_QUEUE

# A path contains a token or a key, so the log has the route's pattern instead.
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "ip": "$context.identity.sourceIp",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "milliseconds": "$context.responseLatency",
    "integration": "$context.integrationLatency",
    "error": "$context.error.responseType",
}
#: The kinds of answers to a path or method without a route; the second one to requests with an Authorization header.
NO_ROUTE = ("MISSING_AUTHENTICATION_TOKEN", "INVALID_SIGNATURE")
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
STAGE = "api"


def owners(app: Application) -> dict[str, dict[str, str]]:
    """Return path -> verb -> the Lambda that answers. Raises LookupError for a route that belongs to no Lambda."""
    lambdas = {function.name for function in app.pure_lambda_functions} | {API_HANDLER}
    places = {module: API_HANDLER if name == "app" else name for name, module in app.surfaces.items()}
    bound: dict[str, dict[str, str]] = {}
    for path, methods in app.routes.items():
        for verb, entry in methods.items():
            owner = places[entry.view_function.__module__]
            if owner not in lambdas:
                raise LookupError(f"{path} belongs to {owner}, which app.py makes no Lambda of")
            bound.setdefault(path, {})[verb.lower()] = owner
    return bound


def answering(app: Application) -> set[str]:
    """Return the Lambdas that answer requests of the API."""
    return {owner for verbs in owners(app).values() for owner in verbs.values()}


def api(app: Application) -> Json:
    """Return the API with its integrations, their permissions, its stage, certificate and log."""
    bound = owners(app)
    return {
        "RestAPI": {"Properties": _properties(bound)},
        **{
            f"{function_id(name)}InvokePermission": _permission(name) for name in sorted(answering(app) - {API_HANDLER})
        },
        # Chalice writes this one, without the alias.
        f"{function_id(API_HANDLER)}InvokePermission": {"Properties": {"FunctionName": _alias(API_HANDLER)}},
        **_logs(),
        **_domain(),
        **_plain_http(),
        "WebAcl": {
            "Type": "AWS::WAFv2::WebACLAssociation",
            "Condition": "HasWebAcl",
            "Properties": {
                "WebACLArn": ref("WebAclArn"),
                "ResourceArn": {
                    "Fn::Sub": [
                        "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${RestAPI}/stages/${Stage}",
                        {"Stage": ref("RestAPI.Stage")},
                    ]
                },
            },
        },
    }


def _properties(bound: Mapping[str, Mapping[str, str]]) -> Json:
    throttling = {"ThrottlingRateLimit": ref("RequestsPerSecond"), "ThrottlingBurstLimit": ref("RequestBurst")}
    return {
        "Name": ref("AWS::StackName"),
        # With any other value SAM adds a second stage named "Stage".
        "OpenApiVersion": "2.0",
        "EndpointConfiguration": "REGIONAL",
        # Its traces would contain addresses, and so tokens and keys; those of the Lambdas do not.
        "TracingEnabled": False,
        # The statistics channel compresses its own answers, before their size is limited.
        "MinimumCompressionSize": 1_000,
        # Bodies pass through byte by byte in both directions, whatever the client accepts.
        "BinaryMediaTypes": ["*/*"],
        # SAM deploys the stage again when the text of the definition changes. A parameter that decides within the
        # definition, such as StatisticsApiKey, leaves the text as it is.
        "AlwaysDeploy": True,
        # Metrics of each method would cost more than the rest of the stage, and the Lambda of each surface has its own.
        "MethodSettings": [
            {"ResourcePath": "/*", "HttpMethod": "*", "MetricsEnabled": False, "DataTraceEnabled": False, **throttling}
        ],
        "AccessLogSetting": {"DestinationArn": attribute("ApiLogs", "Arn"), "Format": json.dumps(ACCESS_LOG)},
        "GatewayResponses": {
            **{kind: _error(kind) for kind in ("DEFAULT_4XX", "DEFAULT_5XX")},
            **{kind: _no_route() for kind in NO_ROUTE},
        },
        "DefinitionBody": {
            "x-amazon-apigateway-binary-media-types": ["*/*"],
            "paths": {
                path: {verb: {**_operation(name), **usage.security(name, verb)} for verb, name in verbs.items()}
                for path, verbs in bound.items()
            },
            **usage.DEFINITIONS,
        },
    }


def _operation(name: str) -> Json:
    functions = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
    return {"x-amazon-apigateway-integration": {"uri": sub(f"{functions}${{{function_id(name)}.Alias}}/invocations")}}


def _alias(name: str) -> Json:
    """Return a reference to the Lambda's version that answers requests."""
    return ref(f"{function_id(name)}.Alias")


def _error(kind: str) -> Json:
    """Return an answer of the gateway itself, in the bundle's shape; it has no data, so any page can read it."""
    word = "gateway-refused" if kind == "DEFAULT_4XX" else "gateway-failed"
    return {
        "ResponseParameters": {"Headers": {"Access-Control-Allow-Origin": "'*'"}},
        "ResponseTemplates": {"application/json": f'{{"error":"{word}","message":$context.error.messageString}}'},
    }


def _no_route() -> Json:
    """Return the answer to a path that no surface has, in the words of the surface that answers shorter ones."""
    return {
        "StatusCode": 404,
        "ResponseParameters": {"Headers": {"Access-Control-Allow-Origin": "'*'"}},
        "ResponseTemplates": {
            "application/json": json.dumps({"error": NoSuchPath.code, "message": NoSuchPath.__doc__})
        },
    }


def _permission(name: str) -> Json:
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "FunctionName": _alias(name),
            "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com",
            "SourceArn": sub("arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${RestAPI}/*"),
        },
    }


def _logs() -> Json:
    trusted = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs")
    kept: dict[str, Any] = {
        "Condition": "SetsApiGatewayLogRole",
        **KEPT,
    }
    return {
        "ApiLogs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {
                "LogGroupName": sub("/aws/apigateway/${AWS::StackName}"),
                "RetentionInDays": ref("LogRetentionDays"),
                # The stage waits for this group, and so for the role that it needs to write a log.
                "Tags": [
                    {"Key": "account", "Value": chosen("SetsApiGatewayLogRole", ref("ApiAccount"), "set elsewhere")}
                ],
            },
        },
        # The account has one such role for all APIs of a region, so it outlives this stack.
        "ApiLogRole": {
            "Type": "AWS::IAM::Role",
            **kept,
            "Properties": {
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trusted]},
                "ManagedPolicyArns": [policy],
            },
        },
        "ApiAccount": {
            "Type": "AWS::ApiGateway::Account",
            **kept,
            "Properties": {"CloudWatchRoleArn": attribute("ApiLogRole", "Arn")},
        },
    }


def _domain() -> Json:
    return {
        "ApiDomain": {
            "Type": "AWS::ApiGateway::DomainName",
            "Condition": "HasDomain",
            "Properties": {
                "DomainName": ref("DomainName"),
                "RegionalCertificateArn": ref("CertificateArn"),
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "SecurityPolicy": "TLS_1_2",
            },
        },
        "ApiDomainMapping": {
            "Type": "AWS::ApiGateway::BasePathMapping",
            "Condition": "HasDomain",
            "Properties": {"DomainName": ref("ApiDomain"), "RestApiId": ref("RestAPI"), "Stage": ref("RestAPI.Stage")},
        },
    }


def _plain_http() -> Json:
    origin = {
        "Id": "api",
        "DomainName": sub("${RestAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}"),
        "OriginPath": f"/{STAGE}",
        "CustomOriginConfig": {"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"]},
    }
    behavior = {
        "TargetOriginId": "api",
        "ViewerProtocolPolicy": "allow-all",
        "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
        "CachePolicyId": CACHING_DISABLED,
        "OriginRequestPolicyId": ALL_BUT_HOST,
    }
    return {
        "PlainHttpDistribution": {
            "Type": "AWS::CloudFront::Distribution",
            "Condition": "HasPlainHttp",
            "Properties": {
                "DistributionConfig": {
                    "Enabled": True,
                    "Comment": physical("http"),
                    "Origins": [origin],
                    "DefaultCacheBehavior": behavior,
                }
            },
        }
    }


def outputs() -> Json:
    """Return the API's address, and the target of its DNS name."""
    address = f"https://${{RestAPI}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{STAGE}"
    return {
        "ApiUrl": {"Value": chosen("HasDomain", sub("https://${DomainName}"), sub(address))},
        "DomainTarget": {"Condition": "HasDomain", "Value": attribute("ApiDomain", "RegionalDomainName")},
        "PlainHttpHost": {"Condition": "HasPlainHttp", "Value": attribute("PlainHttpDistribution", "DomainName")},
        "BucketName": {"Value": ref("Bucket")},
        "AdminFunction": {"Value": ref(function_id("admin"))},
        "CallControlQueueUrl": {"Value": ref(queue_id(AGENTS_QUEUE))},
        "CallControlAgentPolicy": {"Value": ref("CallControlAgentPolicy")},
    }
