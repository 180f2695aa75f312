"""The zip: compiled, reproducible, without unused files, and checked."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from infra.aws import building, contents, zips
from infra.aws.building import ROOT, Built

MODULE = "answer.py"
ARM, INTEL = 0xB7, 0x3E


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    """Return a zip of these files."""
    with ZipFile(path, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return path


def library(machine: int) -> bytes:
    """Return the head of a compiled module for an architecture."""
    return b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little")


def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    """Neither the time nor the order of files changes the zip."""
    files = {"b.py": b"B = 1\n", "a.py": b"A = 1\n"}
    for name, each in (("one", files), ("two", dict(reversed(files.items())))):
        zips.finish(zipped(tmp_path / f"{name}.made", each), tmp_path / name)

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_python_loads_the_compiled_form_without_a_date_check(tmp_path: Path) -> None:
    """Python loads the compiled form whatever the source's date, since the dates in a zip never match."""
    zips.finish(zipped(tmp_path / "made", {MODULE: b"VALUE = 42\n"}), tmp_path / "finished")
    with ZipFile(tmp_path / "finished") as opened:
        opened.extractall(tmp_path / "task")
    (tmp_path / "task" / MODULE).write_text("raise SystemExit('compiled anew')\n", "utf-8")

    shown = subprocess.run(
        [sys.executable, "-c", "import answer; print(answer.VALUE)"],
        cwd=tmp_path / "task", capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert shown.stdout == "42\n"


@pytest.mark.parametrize(
    "name",
    [
        "pglast/parser.c", "pglast/ast.pyi", "botocore/data/ec2/2016-11-15/service-2.json.gz", "boto3/data/x/y.json",
        "numpy/tests/test_x.py", "chalicelib/__pycache__/a.pyc", "psycopg2_binary-2.9.13.dist-info/RECORD",
    ],
)  # fmt: skip
def test_what_nothing_loads_stays_out(name: str, tmp_path: Path) -> None:
    """C sources, descriptions of other services and tests are left out."""
    zips.finish(zipped(tmp_path / "made", {name: b""}), tmp_path / "finished")
    assert dict(zips.entries(tmp_path / "finished")) == {}


@pytest.mark.parametrize(
    "name",
    [
        "botocore/data/s3/2006-03-01/service-2.json.gz", "botocore/data/endpoints.json", "botocore/cacert.pem",
        "pglast/parser.cpython-313-aarch64-linux-gnu.so", "infra/database/migrations/0001_calls.sql",
        "boto3-1.44.5.dist-info/METADATA", "boto3/docs/x.json",
    ],
)  # fmt: skip
def test_what_is_loaded_stays(name: str, tmp_path: Path) -> None:
    """boto3's `docs` package stays, since boto3 loads it."""
    zips.finish(zipped(tmp_path / "made", {name: b""}), tmp_path / "finished")
    assert dict(zips.entries(tmp_path / "finished")) == {name: b""}


def test_every_missing_package_is_reported(built: Built) -> None:
    """Chalice succeeds without a package that it cannot install; the check does not."""
    faults = contents.faults(built.zip, "arm64", ROOT)
    pinned = re.findall(r"(?m)^([\w-]+)==", (ROOT / "infra/aws/lambda-requirements.txt").read_text("utf-8"))

    assert {f"{name.lower().replace('_', '-')} is missing" for name in pinned} <= set(faults)
    assert "psycopg2/_psycopg is missing" in faults
    assert any(fault.endswith("is not compiled") for fault in faults)


def test_a_package_that_cannot_be_installed_is_named() -> None:
    """Chalice prints a traceback for a package without a file, which becomes one sentence; other reasons stay."""
    page = "Traceback …\nchalice.deploy.packager.NoSuchPackageError: Could not satisfy the requirement: orjson==3.13.0"

    assert building.explained(page).startswith(
        "orjson==3.13.0 is needed, and infra/aws/lambda-requirements.txt lacks it"
    )
    assert building.explained("No such stage\n") == "chalice package: No such stage"


def test_the_database_travels_with_the_admin_lambda(built: Built) -> None:
    """Every migration of this commit is in the zip, unchanged."""
    assert not [fault for fault in contents.faults(built.zip, "arm64", ROOT) if "infra/database" in fault]


def test_a_module_for_another_architecture_is_reported(tmp_path: Path) -> None:
    """The head of a compiled module names its architecture."""
    files = {"psycopg2/_psycopg.cpython-313-x86_64-linux-gnu.so": library(INTEL), "x.so": library(ARM)}
    faults = contents.faults(zipped(tmp_path / "zip", files), "arm64", ROOT)

    assert "psycopg2/_psycopg.cpython-313-x86_64-linux-gnu.so is not for arm64" in faults
    assert "x.so is not for arm64" not in faults


@pytest.mark.parametrize("name", ["tests/test_x.py", "pytest/__init__.py", "infra/local/stack.py", "moto/core.py"])
def test_files_that_do_not_belong_are_reported(name: str, tmp_path: Path) -> None:
    """Tests, tools and the local stack are not in the zip."""
    faults = contents.faults(zipped(tmp_path / "zip", {name: b""}), "arm64", ROOT)
    assert f"{name} does not belong into it" in faults


def test_the_magic_number_is_this_pythons() -> None:
    """The magic number of byte code is that of the Lambdas' Python."""
    assert zips.compiled(b"", "x.py", importlib.util.MAGIC_NUMBER)[:4] == importlib.util.MAGIC_NUMBER


@pytest.mark.skipif(sys.version_info[:2] == (3, 13), reason="this is the Lambdas' own version")
def test_another_python_is_refused_at_once() -> None:
    """Packaging refuses to run on a Python whose byte code the Lambdas cannot load."""
    run = subprocess.run([sys.executable, "-m", "infra.aws"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("The Lambdas run Python 3.13, and packaging must use it too")
