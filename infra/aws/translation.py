"""The template after SAM's transform, which CloudFormation applies on AWS."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from typing import Any

from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

from infra.aws.intrinsics import Json

REGION = "us-east-1"
CODE = {"Bucket": "code", "Key": "deployment.zip"}


def translated(template: Json, values: Mapping[str, str] | None = None) -> Json:
    """Return a packaged template after the transform, with its code in the bucket of CODE.

    `values` are those of the template's parameters, by default their defaults.
    """
    deployed = copy.deepcopy(template)
    for resource in deployed["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = CODE
        if resource["Type"] == "AWS::Serverless::LayerVersion":
            resource["Properties"]["ContentUri"] = CODE
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = REGION
    try:
        result: dict[str, Any] = transform(deployed, dict(values or {}), _NoManagedPolicies())
    finally:
        os.environ.pop("AWS_DEFAULT_REGION")
        if before is not None:
            os.environ["AWS_DEFAULT_REGION"] = before
    return result


class _NoManagedPolicies(ManagedPolicyLoader):
    def __init__(self) -> None:
        """Need no account."""

    def load(self) -> dict[str, str]:
        """Return nothing: every policy is spelled out."""
        return {}
