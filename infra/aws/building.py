"""Runs `chalice package` on a copy of the checkout, so that generated files never mix with the sources."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.application import Application
from infra.aws import policies, template, wheels
from infra.aws.intrinsics import Json
from infra.aws.lambdas import LAMBDAS

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / ".chalice/config.json"
# Chalice leaves out a package that it cannot install, prints this, and succeeds.
DROPPED = "Could not install dependencies"
UNSATISFIED = re.compile(r"Could not satisfy the requirement: (\S+)")
_SPARED = shutil.ignore_patterns("__pycache__")


class BuildFailed(Exception):
    """The package cannot be built; the message says why."""


@dataclass(frozen=True)
class BuildTarget:
    """The purpose of a package: stage, architecture, and the certificates that the database's is checked against."""

    stage: str
    architecture: str
    #: False leaves the packages out, which tests of the template do not need.
    packages: bool = True
    authorities: Path | None = None
    with_layer: bool = False


@dataclass(frozen=True)
class Built:
    """The result of Chalice: the zip, and the template without the rules that schedules replace."""

    zip: Path
    template: Json


def stage_functions(stage: str) -> dict[str, dict[str, Any]]:
    """Return memory and timeout of each Lambda in `stage`; a stage that .chalice/config.json lacks is like dev."""
    stages: dict[str, Any] = json.loads(CONFIG.read_text("utf-8"))["stages"]
    functions: dict[str, dict[str, Any]] = stages.get(stage, stages["dev"])["lambda_functions"]
    return functions


def timeouts(stage: str) -> dict[str, int]:
    """Return the timeout of each Lambda in seconds."""
    return {name: int(function["lambda_timeout"]) for name, function in stage_functions(stage).items()}


def build(app: Application, place: Path, target: BuildTarget) -> Built:
    """Package `app` in the empty folder `place`. Raises BuildFailed."""
    copy = place / "copy"
    _lay_out(app, copy, target)
    downloaded = place / "wheels"
    downloaded.mkdir()
    if target.packages:
        _fetch(downloaded, target.architecture)
    # Chalice takes the checked files and no others. Byte code of another Python would get into the zip.
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(downloaded)}
    command = [sys.executable, "-c", "import sys; from chalice.cli import main; sys.exit(main())"]
    command += ["package", "--stage", target.stage, "--merge-template", "merge.json", str(place / "out")]
    run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    if run.returncode or DROPPED in run.stdout + run.stderr:
        raise BuildFailed(explained(run.stdout + run.stderr))
    made = json.loads((place / "out/sam.json").read_text("utf-8"))
    return Built(place / "out/deployment.zip", template.finished(made, app))


def explained(output: str) -> str:
    """Return the reason for which `chalice package` failed, from its output."""
    if missing := UNSATISFIED.search(output):
        return (
            f"{missing[1]} is needed, and infra/aws/lambda-requirements.txt lacks it:"
            " run `python -m infra.aws.package_hashes`"
        )
    return f"chalice package: {output.strip()[-2_000:]}"


def _fetch(folder: Path, architecture: str) -> None:
    try:
        wheels.fetch(folder, architecture)
    except wheels.WheelFailed as fault:
        raise BuildFailed(str(fault)) from None


def _lay_out(app: Application, copy: Path, target: BuildTarget) -> None:
    shutil.copytree(ROOT / "chalicelib", copy / "chalicelib", ignore=_SPARED)
    shutil.copy(ROOT / "app.py", copy)
    # Chalice copies the content of vendor to the root of the zip.
    shutil.copytree(ROOT / "infra/database", copy / "vendor/infra/database", ignore=_SPARED)
    if target.authorities:
        shutil.copy(target.authorities, copy / "vendor/infra/database/authorities.pem")
    content = wheels.REQUIREMENTS.read_text("utf-8") if target.packages else ""
    (copy / "requirements.txt").write_text(content, "utf-8")
    (copy / "merge.json").write_text(json.dumps(template.merged(app, timeouts(target.stage))), "utf-8")
    _configure(copy / ".chalice", target.stage, target.architecture)


def _configure(folder: Path, stage: str, architecture: str) -> None:
    folder.mkdir()
    config = json.loads(CONFIG.read_text("utf-8"))
    functions = stage_functions(stage)
    if unequal := set(functions) ^ set(LAMBDAS):
        raise BuildFailed(f".chalice/config.json and infra/aws/lambdas.py disagree about {', '.join(sorted(unequal))}")
    config["stages"] = {
        stage: {
            **config["stages"].get(stage, config["stages"]["dev"]),
            "lambda_architecture": architecture,
            "lambda_functions": {
                name: {**function, "iam_policy_file": policies.file_name(name)} for name, function in functions.items()
            },
        }
    }
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    for name in LAMBDAS:
        (folder / policies.file_name(name)).write_text(json.dumps(policies.document(name)), "utf-8")
