"""The packaged template, without the packages in the zip, which need a network."""

from __future__ import annotations

from typing import Any

import pytest

from app import app
from infra.aws import building, translation
from infra.aws.building import BuildTarget, Built


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the bundle with Chalice, without its requirements."""
    return building.build(app, tmp_path_factory.mktemp("package"), BuildTarget("dev", "arm64", packages=False))


@pytest.fixture(scope="session")
def sam(built: Built) -> dict[str, Any]:
    """Return the template as it is deployed."""
    return built.template


@pytest.fixture(scope="session")
def translated(sam: dict[str, Any]) -> dict[str, Any]:
    """Return the template after SAM's transform, with its code in a bucket."""
    return translation.translated(sam)
