"""The template as it is packaged, but for the packages in the zip: those take a network."""

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
    """What Chalice makes of the bundle without its requirements."""
    return building.build(app, tmp_path_factory.mktemp("package"), BuildTarget("dev", "arm64"))


@pytest.fixture(scope="session")
def sam(built: Built) -> dict[str, Any]:
    """The template as it is deployed."""
    return built.template


@pytest.fixture(scope="session")
def translated(sam: dict[str, Any]) -> dict[str, Any]:
    """The template as CloudFormation's own transform leaves it, its code in a bucket."""
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
        """Ask no account."""

    def load(self) -> dict[str, str]:
        """Nothing: every policy is spelled out."""
        return {}
