"""The usage plan: the quota of each API key, on a stage whose queries need one."""

from __future__ import annotations

from infra.aws.intrinsics import ABSENT, Json, chosen, physical, ref

#: The surface whose requests can be made to need an API key; PBXs and old scripts cannot send one.
LAMBDA = "statistics"
SCHEME = "api_key"
DEFINITIONS: Json = {
    "securityDefinitions": {SCHEME: {"type": "apiKey", "name": "x-api-key", "in": "header"}},
}


def security(name: str, verb: str) -> Json:
    """Return the operation's requirement of an API key; a preflight has none."""
    if name != LAMBDA or verb == "options":
        return {}
    return {"security": chosen("NeedsApiKey", [{SCHEME: []}], ABSENT)}


def plan() -> Json:
    """Return the plan, and its first key where keys are required."""
    key = {"Condition": "NeedsApiKey"}
    stage = {"ApiId": ref("RestAPI"), "Stage": ref("RestAPI.Stage")}
    return {
        "UsagePlan": {
            "Type": "AWS::ApiGateway::UsagePlan",
            "Properties": {
                "UsagePlanName": physical("clients"),
                "ApiStages": [stage],
                "Throttle": {"RateLimit": ref("KeyRequestsPerSecond"), "BurstLimit": ref("KeyRequestsPerSecond")},
                "Quota": {"Limit": ref("KeyRequestsPerDay"), "Period": "DAY"},
            },
        },
        "ApiKey": {
            "Type": "AWS::ApiGateway::ApiKey",
            **key,
            "Properties": {"Name": physical("first"), "Enabled": True},
        },
        "ApiKeyOfPlan": {
            "Type": "AWS::ApiGateway::UsagePlanKey",
            **key,
            "Properties": {"KeyId": ref("ApiKey"), "KeyType": "API_KEY", "UsagePlanId": ref("UsagePlan")},
        },
    }
