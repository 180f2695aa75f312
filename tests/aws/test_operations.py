"""infra/README.md is true: its paths, parameters, secrets and costs."""

from __future__ import annotations

import re

import pytest

from chalicelib.admin import commands
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


#: The beginning of each command in a block -> its proof: a step of the rehearsal, or the reason why none plays it.
PROOFS = {
    'psql "$MASTER_URL"': "the rehearsal's database has an owner of this kind; the master user is RDS's own",
    "export ": "variables of the shell",
    "make package": "CI runs it",
    "aws cloudformation package": "the rehearsal creates the packaged template's resources on moto, which runs no SAM",
    "aws cloudformation deploy": "the rehearsal creates the packaged template's resources on moto, which runs no SAM",
    "make .venv/.installed": "CI runs it as a part of make verify",
    "put() ": "the rehearsal puts the same secrets",
    "put ": "the rehearsal puts the same secrets",
    "admin() ": "the rehearsal calls the Lambda as `--function` does",
    "admin migrate": "the rehearsal plays it",
    "admin token add": "the rehearsal plays it",
    "admin extension add": "the rehearsal plays it",
    "admin extension subscribe": "it needs Telphin; tests/admin plays it against a server of Telphin's kind",
    "make smoke": "the rehearsal plays it",
    "git checkout": "the packaging of an earlier commit is reproducible, which tests/aws/test_zips.py shows",
    "aws lambda update-function-code": "moto has no code of Lambdas",
    "aws lambda wait": "moto has no code of Lambdas",
}


def _commands() -> list[str]:
    """Return the commands of the README's blocks, without the continuations of lines and the table of costs."""
    blocks = re.findall(r"(?ms)^```\n(.*?)^```$", README)
    lines = "\n".join(block.replace("\\\n", " ") for block in blocks if not block.startswith("A million")).splitlines()
    written = [line for line in lines if line and not line.lstrip().startswith("#")]
    return [command.strip() for line in written for command in re.split(r"&& (?=aws|admin|make)", line)]


def test_every_command_of_its_blocks_is_played_or_has_a_reason() -> None:
    """A new command needs a step of the rehearsal, another test, or a reason; none is for a command that is gone."""
    played = _commands()

    assert [command for command in played if not command.startswith(tuple(PROOFS))] == []
    assert [proof for proof in PROOFS if not any(command.startswith(proof) for command in played)] == []


def test_every_command_of_the_administrator_exists() -> None:
    """Each `admin …` in a block or in the text is a command of the program."""
    named = set(re.findall(r"(?:`|^|&& )admin ((?:[a-z][a-z-]+)(?: [a-z][a-z-]+)?)", README, re.MULTILINE))

    assert len(named) > 10
    assert {words for words in named if not _is_command(words.split())} == set()


def _is_command(words: list[str]) -> bool:
    try:
        return commands.run((*words, "--help"), lambda: "").exit == 0
    except SystemExit as end:
        return not end.code
