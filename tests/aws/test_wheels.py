"""The packages of the zip: each has the hashes of its files, and a file with another one is not packaged."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from zipfile import ZipFile

import pytest

from infra.aws import wheels

ROOT = Path(__file__).parents[2]
LOCKED = wheels.REQUIREMENTS.read_text("utf-8")
#: Packages with compiled modules, which have a file for each machine.
COMPILED = ("orjson", "pglast", "psycopg2-binary", "pydantic_core")


def hashes(requirements: str) -> dict[str, list[str]]:
    """Return the hashes of each package."""
    entries = re.findall(r"(?m)^([\w.-]+)==\S+((?: \\\n    --hash=sha256:[0-9a-f]{64})*)$", requirements)
    return {name: re.findall("[0-9a-f]{64}", lines) for name, lines in entries}


def test_each_package_has_its_hashes() -> None:
    """Every line is a package with hashes: one for a package of Python alone, one for each machine for the others."""
    counts = {name: len(set(found)) for name, found in hashes(LOCKED).items()}

    assert counts.keys() == wheels.pins(LOCKED).keys()
    assert {name for name, count in counts.items() if count < 1} == set()
    assert {name: counts[name] for name in COMPILED} == dict.fromkeys(COMPILED, 3)
    assert {name for name, count in counts.items() if count > 1} == set(COMPILED)


def test_the_versions_are_those_of_the_requirements() -> None:
    """The zip has the versions that are tested; Chalice, whose runtime packaging adds, has its hash in its own file."""
    tested = wheels.pins((ROOT / "requirements.txt").read_text("utf-8"))
    packager = (ROOT / "infra/aws/chalice-requirements.txt").read_text("utf-8")

    assert wheels.pins(packager) == {"chalice": tested.pop("chalice")}
    assert len(hashes(packager)["chalice"]) == 1
    assert tested.items() <= wheels.pins(LOCKED).items()


def test_the_platforms_of_the_lambdas() -> None:
    """A file for an older C library runs too; one for a newer one does not."""
    tags = wheels.platforms("arm64")
    assert {"manylinux_2_17_aarch64", "manylinux_2_28_aarch64", "manylinux2014_aarch64"} <= set(tags)
    assert not {"manylinux_2_35_aarch64", "manylinux_2_28_x86_64"} & set(tags)


@pytest.mark.verify
def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with the right name and version and another hash stops the packaging, and the error names the package."""
    shelf, requirements = tmp_path / "shelf", tmp_path / "requirements.txt"
    shelf.mkdir()
    wheel = shelf / "example-1.0-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        archive.writestr("example.py", "")
        archive.writestr("example-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: example\nVersion: 1.0\n")
        archive.writestr(
            "example-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr("example-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    requirements.write_text(f"example==1.0 --hash=sha256:{digest}\n", "utf-8")
    wheels.fetch(tmp_path / "good", "arm64", requirements)
    assert [file.name for file in (tmp_path / "good").iterdir()] == [wheel.name]

    requirements.write_text(f"example==1.0 --hash=sha256:{'0' * 64}\n", "utf-8")
    with pytest.raises(wheels.WheelFailed, match=r"example==1\.0 .*is not the file whose hash"):
        wheels.fetch(tmp_path / "bad", "arm64", requirements)
    requirements.write_text("example==1.0\n", "utf-8")
    with pytest.raises(wheels.WheelFailed, match="hash"):
        wheels.fetch(tmp_path / "unhashed", "arm64", requirements)
    requirements.write_text(f"absent==1.0 --hash=sha256:{digest}\n", "utf-8")
    with pytest.raises(wheels.WheelFailed, match=r"pip cannot download absent==1\.0 for the Lambdas"):
        wheels.fetch(tmp_path / "absent", "arm64", requirements)
