"""Checks that a zip holds what the Lambdas need, for the right machine, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from infra.aws import zips

MEGABYTE = 1_000_000
#: Lambda's limit of an unpacked zip, in bytes.
UNFOLDED_LIMIT = 250 * MEGABYTE
MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}
#: Modules that every Lambda needs and that are compiled for one architecture and one Python.
COMPILED = ("psycopg2/_psycopg", "pglast/parser", "orjson/orjson")
FOREIGN = re.compile(
    r"((tests|moto|pytest|hypothesis|pixeltable\w*|mypy\w*|ruff|pip|click)(/.*|$)|infra/(?!database/).*)"
)
_MAGIC = b"\x7fELF"


def faults(path: Path, architecture: str, root: Path) -> list[str]:
    """Return the faults of the zip, one sentence each; an empty list when it can be deployed.

    `root` is the checkout that it was made from.
    """
    held = dict(zips.entries(path))
    return [
        *_machine(held, MACHINES[architecture], architecture),
        *(f"{name} is missing" for name in COMPILED if not any(entry.startswith(f"{name}.") for entry in held)),
        *(f"{name} is missing" for name in _distributions(root) - {_distribution(entry) for entry in held}),
        *(f"{name} does not belong into it" for name in sorted(filter(FOREIGN.match, held))),
        *_database(held, root),
        *_uncompiled(held),
        *_size(held),
    ]


def _machine(held: Mapping[str, bytes], machine: int, architecture: str) -> list[str]:
    return [
        f"{name} is not for {architecture}"
        for name, content in held.items()
        if content.startswith(_MAGIC) and int.from_bytes(content[18:20], "little") != machine
    ]


def _distributions(root: Path) -> set[str]:
    pinned = re.findall(r"(?m)^([\w.-]+)==", (root / "infra/aws/lambda-requirements.txt").read_text("utf-8"))
    return {_normal(name) for name in pinned}


def _distribution(entry: str) -> str:
    folder = entry.partition("/")[0]
    stem, _, end = folder.rpartition(".")
    return _normal(stem.rpartition("-")[0]) if end == "dist-info" else ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _database(held: Mapping[str, bytes], root: Path) -> list[str]:
    """Check that the zip holds the SQL of the same commit, with which the admin Lambda migrates."""
    files = {str(path.relative_to(root)): path for path in (root / "infra/database").rglob("*.sql")}
    return [f"{name} is missing or another" for name, path in files.items() if held.get(name) != path.read_bytes()]


def _uncompiled(held: Mapping[str, bytes]) -> list[str]:
    modules = [name for name in held if name.endswith(".py")]
    return [f"{name} is not compiled" for name in modules if zips.compiled_name(name) not in held]


def _size(held: Mapping[str, bytes]) -> list[str]:
    unfolded = sum(map(len, held.values()))
    return [f"It unfolds to {unfolded // MEGABYTE} MB"] if unfolded > UNFOLDED_LIMIT else []
