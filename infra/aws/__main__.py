"""`python -m infra.aws`: packages the bundle into out/<stage>, checks the result, and prints a summary."""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from app import app
from infra.aws import building, contents, layers, policies, quotas, rest_api, zips
from infra.aws.building import BuildFailed, BuildTarget, Built
from infra.aws.intrinsics import API_HANDLER, function_id
from infra.aws.lambdas import LAMBDAS
from infra.bench import starting

ARCHITECTURE = "arm64"
PYTHON = (3, 13)
HOSTS = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def main() -> int:
    """Build, check and print; return exit status 1 when a check fails."""
    parser = argparse.ArgumentParser(prog="python -m infra.aws", description="Packages Ringledger for AWS.")
    parser.add_argument("--stage", default="dev", help="a stage of .chalice/config.json; others are like dev")
    parser.add_argument("--authorities", type=Path, help="certificates that the database's is compared with (PEM)")
    parser.add_argument("--no-start", action="store_true", help="do not measure how the Lambdas start")
    arguments = parser.parse_args()
    out = building.ROOT / "out" / arguments.stage
    try:
        _check_python()
        target = BuildTarget(arguments.stage, ARCHITECTURE, authorities=arguments.authorities, with_layer=True)
        packaged = _package(target, out)
        starts = {} if arguments.no_start else _starts(arguments.stage)
    except BuildFailed as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    _print(arguments.stage, packaged, starts)
    return 0


def _check_python() -> None:
    if sys.version_info[:2] != PYTHON:
        version = ".".join(map(str, PYTHON))
        raise BuildFailed(f"The Lambdas run Python {version}, and packaging must use it too: make package PYTHON313=…")


def _package(target: BuildTarget, out: Path) -> Path:
    """Write the finished zip and its checked template to `out`, and return the zip."""
    with tempfile.TemporaryDirectory(prefix="ringledger-package-") as place:
        built = building.build(app, Path(place), target)
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        finished = _finished(built, out, target.architecture)
    if target.with_layer:
        _add_layer(finished, out / layers.FILE)
    return finished


def _add_layer(packaged: Path, layer: Path) -> None:
    """Write the layer of the archive. Raises BuildFailed when it and the zip are too large together."""
    try:
        unfolded = layers.build(layer) + sum(len(content) for _, content in zips.entries(packaged))
    except layers.LayerFailed as fault:
        raise BuildFailed(str(fault)) from fault
    if unfolded > contents.UNFOLDED_LIMIT:
        raise BuildFailed(f"The zip and the layer of the archive unfold to {unfolded // contents.MEGABYTE} MB")


def _finished(built: Built, out: Path, architecture: str) -> Path:
    packaged, template = out / "deployment.zip", out / "template.json"
    zips.finish(built.zip, packaged)
    template.write_text(json.dumps(built.template, indent=1) + "\n", "utf-8")
    (out / "samconfig.toml").write_text(_samconfig(), "utf-8")
    if faults := contents.faults(packaged, architecture, building.ROOT):
        raise BuildFailed("\n".join([f"{packaged} cannot be deployed:", *faults]))
    linter = Path(sys.executable).with_name("cfn-lint")
    # The linter does not know `.Alias`, which SAM replaces; the tests lint the template after that, too.
    lint = subprocess.run(
        [linter, "--ignore-checks", "E1019", "--", template], capture_output=True, text=True, check=False
    )
    if lint.returncode:
        raise BuildFailed(f"cfn-lint: {lint.stdout}{lint.stderr}")
    return packaged


def _samconfig() -> str:
    """Return the configuration with which `sam deploy --guided` finds the template and asks for the rest."""
    return (
        "version = 0.1\n\n[default.deploy.parameters]\n"
        'template_file = "template.json"\ncapabilities = "CAPABILITY_IAM"\n'
        "resolve_s3 = true\nconfirm_changeset = true\n"
    )


def _starts(stage: str) -> dict[str, starting.Start]:
    """Measure how each Lambda starts, from a zip for this machine."""
    host = HOSTS[platform.machine()]
    with tempfile.TemporaryDirectory(prefix="ringledger-starting-") as place:
        packaged = _package(BuildTarget(stage, host), Path(place) / "out")
        return starting.measured(packaged, {handler(name): _event(name) for name in LAMBDAS})


def _event(name: str) -> object:
    """Return an event that only the Lambda itself handles: a preflight for HTTP, an empty batch for the others."""
    paths = [path for path, verbs in rest_api.owners(app).items() if name in verbs.values()]
    return starting.request(paths[0]) if paths else {"Records": []}


def handler(name: str) -> str:
    """Return the handler of the Lambda `name` as its configuration spells it."""
    return "app.app" if name == API_HANDLER else f"app.{name}"


def _print(stage: str, packaged: Path, starts: dict[str, starting.Start]) -> None:
    rows: list[tuple[str, ...]] = [
        ("FUNCTION", "HANDLER", "MB", "SECONDS", "NETWORK", "POLICY", "INIT (OF EMPTY)", "FIRST", "WARM")
    ]
    rows += [_row(name, building.stage_functions(stage)[name], starts) for name in LAMBDAS]
    if starts:
        rows += [("", name, "", "", "", "", *_figures(name, starts)) for name in (starting.EMPTY, starting.NEWCOMER)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
    for sentence in starting.missed(starts) if starts else ():
        sys.stdout.write(f"BUDGET MISSED: {sentence}\n")
    sys.stdout.write(f"\n{packaged.relative_to(building.ROOT)}: {packaged.stat().st_size / 1_000_000:.1f} MB, ")
    sys.stdout.write(f"{ARCHITECTURE}, the same bytes from the same commit (sha256 {zips.digest(packaged)[:16]})\n")
    sys.stdout.write("Template: template.json beside it. infra/README.md says how to deploy.\n")
    sys.stdout.write(quotas.report())


def _row(name: str, configured: dict[str, Any], starts: dict[str, starting.Start]) -> tuple[str, ...]:
    limits = (str(configured["lambda_memory_size"]), str(configured["lambda_timeout"]))
    policy = f"{policies.file_name(name)} ({len(policies.actions(name))} actions)"
    network = LAMBDAS[name].network.value
    return (function_id(name), handler(name), *limits, network, policy, *_figures(handler(name), starts))


def _figures(name: str, starts: dict[str, starting.Start]) -> tuple[str, str, str]:
    if not starts:
        return ("", "", "")
    start = starts[name]
    init = f"{start.init * 1_000:.0f} ms ({start.init / starts[starting.EMPTY].init:.1f})"
    return (init, f"{start.first * 1_000:.1f} ms", f"{start.warm * 1_000:.2f} ms")


if __name__ == "__main__":
    sys.exit(main())
