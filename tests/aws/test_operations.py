"""infra/README.md is true: its paths, parameters, secrets and costs."""

from __future__ import annotations

import re

import pytest

from infra.aws import cost, stack_parameters
from infra.aws.building import ROOT
from infra.aws.lambdas import LAMBDAS
from infra.aws.variables import MEMBERS

README = (ROOT / "infra/README.md").read_text("utf-8")


def test_every_path_that_it_names_exists() -> None:
    """Every file that it names exists."""
    paths = set(re.findall(r"`((?:chalicelib|infra|tests)/[\w/.]+)`", README))
    assert paths
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def test_every_parameter_that_it_sets_exists() -> None:
    """Every parameter that it sets exists, and every parameter without a default is set."""
    known = stack_parameters.parameters()
    given = set(re.findall(r"(?<![\w$])([A-Z][a-z]\w+)=", README))

    assert given <= set(known)
    assert {name for name, parameter in known.items() if "Default" not in parameter} <= given


def test_every_lambda_and_secret_is_told() -> None:
    """It names every Lambda and every secret."""
    assert {name for name in LAMBDAS if name.replace("_", "-") not in README} == set()
    assert {secret for secret in MEMBERS if secret not in README} == set()


def test_costs_are_what_the_script_says(capsys: pytest.CaptureFixture[str]) -> None:
    """Its costs are those that the script prints."""
    cost.main()
    assert capsys.readouterr().out.strip() in README
