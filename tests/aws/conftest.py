"""The packaged template, without the packages in the zip, which need a network."""

from __future__ import annotations

import copy
import os
from typing import Any

import pytest
from samtranslator.translator.managed_policy_translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

from app import app
from infra.aws import building
from infra.aws.building import BuildTarget, Built

REGION = "us-east-1"


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the bundle with Chalice, without its requirements."""
    return building.build(app, tmp_path_factory.mktemp("package"), BuildTarget("dev", "arm64"))


@pytest.fixture(scope="session")
def sam(built: Built) -> dict[str, Any]:
    """Return the template as it is deployed."""
    return built.template


@pytest.fixture(scope="session")
def translated(sam: dict[str, Any]) -> dict[str, Any]:
    """Return the template after SAM's transform, with its code in a bucket."""
    template = copy.deepcopy(sam)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": "code", "Key": "deployment.zip"}
    before = os.environ.get("AWS_DEFAULT_REGION")
    os.environ["AWS_DEFAULT_REGION"] = REGION
    try:
        result: dict[str, Any] = transform(template, {}, _NoManagedPolicies())
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
