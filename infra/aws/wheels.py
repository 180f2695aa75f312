"""The packages of the zip: each is downloaded once, with the hash of `lambda-requirements.txt`, before Chalice starts.

Chalice runs pip without hashes. It gets a folder with the checked files as the only place to look.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("lambda-requirements.txt")
#: The C library of the Lambdas' Python 3.13. pip takes each of its earlier names as a tag of its own.
_GLIBC = 34
_LINUX = {"arm64": "aarch64", "x86_64": "x86_64"}
_PIN = re.compile(r"(?m)^(?P<name>[\w.-]+)==(?P<version>[^\s\\;]+)")
_UNHASHED = re.compile(r"THESE PACKAGES DO NOT MATCH THE HASHES[^\n]*\n(?:\s*\n)?\s*(?P<package>\S+)")
_MISSING = re.compile(r"No matching distribution found for (?P<package>\S+)")


class WheelFailed(Exception):
    """A package cannot be downloaded, or is another file than it should be; the message says which."""


def platforms(architecture: str) -> list[str]:
    """Return pip's names of a Lambda of this architecture."""
    machine = _LINUX[architecture]
    return [*(f"manylinux_2_{minor}_{machine}" for minor in range(17, _GLIBC + 1)), f"manylinux2014_{machine}"]


def pins(requirements: str) -> dict[str, str]:
    """Return the versions in a requirements file by the names of their packages."""
    return {pin["name"]: pin["version"] for pin in _PIN.finditer(requirements)}


def fetch(folder: Path, architecture: str, requirements: Path = REQUIREMENTS) -> None:
    """Download every package for the Lambdas, and for this machine, on which Chalice resolves them.

    Raise WheelFailed for a file without one of the hashes, or without any file.
    """
    download(folder, ["--require-hashes", "-r", str(requirements)], platforms(architecture))
    download(folder, ["--require-hashes", "-r", str(requirements)])


def download(folder: Path, packages: list[str], tags: list[str] | None = None) -> None:
    """Download wheels of `packages` alone to `folder`, of the platforms `tags` or of this one. Raise WheelFailed."""
    chosen = [word for tag in tags or () for word in ("--platform", tag)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--dest", str(folder), *chosen, *packages]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise WheelFailed(explained(run.stderr))


def explained(output: str) -> str:
    """Return the reason for which pip failed, from its errors."""
    if unhashed := _UNHASHED.search(output):
        return (
            f"{unhashed['package']} is not the file whose hash infra/aws/lambda-requirements.txt has:"
            " nothing is packaged; where the package has a new file for the same version, look at it, then run"
            " `python -m infra.aws.package_hashes`"
        )
    if missing := _MISSING.search(output):
        return (
            f"pip cannot download {missing['package']} for the Lambdas: packaging needs the network, or a package index"
            " that PIP_INDEX_URL names; the package is perhaps not there for this Python and machine"
        )
    return f"pip download: {output.strip()[-2_000:]}"
