"""The usage plan: what each key may ask, where the stage wants queries to carry one."""

from __future__ import annotations

from infra.aws.intrinsics import ABSENT, Json, chosen, physical, ref

#: The surface whose requests may be made to need a key; no PBX and no old script can send one.
LAMBDA = "statistics"
SCHEME = "api_key"
DEFINITIONS: Json = {
    "securityDefinitions": {SCHEME: {"type": "apiKey", "name": "x-api-key", "in": "header"}},
}


def security(name: str, verb: str) -> Json:
    """What the operation of a Lambda says of keys; a preflight carries none."""
    if name != LAMBDA or verb == "options":
        return {}
    return {"security": chosen("NeedsApiKey", [{SCHEME: []}], ABSENT)}


def plan() -> Json:
    """The plan, and its first key where keys are wanted."""
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
