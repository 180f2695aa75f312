"""`python -m infra.aws.package_hashes`: writes `lambda-requirements.txt` anew from requirements.txt, with hashes.

It runs with the Python of the Lambdas (`.venv-package/bin/python`), after a change of requirements.txt.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.aws import wheels

ROOT = Path(__file__).parents[2]
#: Packaging adds Chalice's runtime from its own environment.
_PACKAGER = "chalice"
#: The machines that package: those of the Lambdas, and computers of Apple.
_PLATFORMS = (wheels.platforms("arm64"), wheels.platforms("x86_64"), ["macosx_11_0_arm64"])
_HEAD = """\
# Every package in the zip: requirements.txt without chalice, whose runtime packaging adds, and the packages that these
# need, so that two builds of one commit are equal. The hashes are those of the files for the Lambdas (arm64) and for
# the machines that build. `python -m infra.aws.package_hashes` writes this file; a test compares it with
# requirements.txt.
"""


def main() -> int:
    """Write the file; return exit status 1 when a package cannot be downloaded."""
    try:
        versions = resolved((ROOT / "requirements.txt").read_text("utf-8"), wheels.REQUIREMENTS.read_text("utf-8"))
        with tempfile.TemporaryDirectory(prefix="ringledger-locking-") as place:
            content = _HEAD + "".join(
                entry(name, versions[name], Path(place)) for name in sorted(versions, key=str.lower)
            )
    except wheels.WheelFailed as fault:
        sys.stderr.write(f"{fault}\n")
        return 1
    wheels.REQUIREMENTS.write_text(content, "utf-8")
    sys.stdout.write(f"{wheels.REQUIREMENTS.name}: {len(versions)} packages\n")
    return 0


def resolved(direct: str, locked: str) -> dict[str, str]:
    """Return the version of each package of the zip, by its name as the two files spell it.

    `direct` has the packages that the code uses. The packages that these need keep their version in `locked` where they
    have one there: remove its line to get a new one. Raise WheelFailed.
    """
    wanted = {name: version for name, version in wheels.pins(direct).items() if name != _PACKAGER}
    kept = {name: version for name, version in wheels.pins(locked).items() if name not in wanted}
    spellings = {_canonical(name): name for name in [*kept, *wanted]}
    found = _report(_lines(wanted), _lines(kept))
    return {spellings.get(_canonical(each["name"]), each["name"]): str(each["version"]) for each in found}


def _lines(versions: Mapping[str, str]) -> list[str]:
    return [f"{name}=={version}" for name, version in versions.items()]


def _report(wanted: list[str], constraints: list[str]) -> list[dict[str, Any]]:
    """Return the metadata of the packages that pip would install. Raise WheelFailed."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("\n".join(constraints))
        file.flush()
        run = subprocess.run([*command, "-c", file.name, *wanted], capture_output=True, text=True, check=False)
    if run.returncode:
        raise wheels.WheelFailed(wheels.explained(run.stderr))
    return [package["metadata"] for package in json.loads(run.stdout)["install"]]


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def entry(name: str, version: str, place: Path) -> str:
    """Return the lines of a package, with the hashes of its files for all platforms. Raise WheelFailed."""
    folder = place / name
    folder.mkdir()
    for tags in _PLATFORMS:
        wheels.download(folder, [f"{name}=={version}"], tags)
    hashes = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir())
    return " \\\n".join([f"{name}=={version}", *(f"    --hash=sha256:{digest}" for digest in hashes)]) + "\n"


if __name__ == "__main__":
    sys.exit(main())
