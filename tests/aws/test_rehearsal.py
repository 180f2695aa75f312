"""The deployment from zero, played from the package to the first call in a report."""

from __future__ import annotations

import subprocess
import sys

import pytest

from infra.aws.building import ROOT

STEPS = (
    "package the bundle",
    "deploy the stack",
    "put the owner's password into its secret",
    "admin migrate",
    "admin token add",
    "admin extension add",
    "make smoke",
    "post the webhooks of a call",
    "the call is in a report",
)


@pytest.mark.verify
def test_the_deployment_from_zero_succeeds() -> None:
    """Every step does what infra/README.md promises, on a database whose owner is not a superuser."""
    command = [sys.executable, "-W", "ignore", "-m", "infra.rehearsal"]
    played = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)

    assert played.returncode == 0, played.stdout
    places = [played.stdout.find(f"- {step}") for step in STEPS]
    assert -1 not in places
    assert places == sorted(places)
