"""The files of the page against their sources: who changes a source builds the page anew."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from chalicelib.console.static_files import STATIC
from infra.bench import page_load
from tests.console.conftest import SOURCES
from tests.programs import missing

SECONDS = 120


def _content(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder without their compressed forms, which differ between versions of Node.js."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix not in {".gz", ".br"}}


def _run(packages: Path, *command: str) -> None:
    node = shutil.which("node")
    if node is None:
        missing("needs Node.js")
    done = subprocess.run(
        [node, *command], cwd=packages.parent, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.verify
def test_the_files_are_those_of_the_sources(packages: Path, tmp_path: Path) -> None:
    """`make console` changes nothing."""
    built = tmp_path / "static"
    _run(packages, "build.mjs", str(built))
    assert _content(built) == _content(STATIC)


@pytest.mark.verify
def test_the_sources_have_correct_types(packages: Path) -> None:
    """TypeScript has nothing to complain about."""
    _run(packages, str(packages / "typescript" / "bin" / "tsc"), "--noEmit")


def test_a_compressed_file_is_that_file() -> None:
    """Each file with a `.gz` beside it has the same content there, and a `.br`."""
    packed = [path for path in STATIC.iterdir() if path.suffix == ".gz"]
    assert packed
    for path in packed:
        assert gzip.decompress(path.read_bytes()) == path.with_suffix("").read_bytes()
        assert path.with_suffix(".br").is_file()


def test_packages_are_pinned_and_name_no_host() -> None:
    """Each package has one version, and the lock file has digests instead of addresses to fetch from."""
    manifest = json.loads((SOURCES / "package.json").read_text("utf-8"))
    versions = [*manifest["dependencies"].values(), *manifest["devDependencies"].values()]
    assert [version for version in versions if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    lock = json.loads((SOURCES / "package-lock.json").read_text("utf-8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert [name for name, package in lock["packages"].items() if name and "integrity" not in package] == []


def test_both_languages_have_every_message() -> None:
    """A message of one language is a message of the other, with the same values."""
    texts = {lang: (SOURCES / "src" / "words" / f"{lang}.ts").read_text("utf-8") for lang in ("en", "ru")}
    lines = {lang: dict(re.findall(r'(?m)^  "?([^":]+)"?: (.+),$', text)) for lang, text in texts.items()}
    assert lines["en"].keys() == lines["ru"].keys()
    values = {
        lang: {key: set(re.findall(r"\{(\w+)\}", text)) for key, text in each.items()} for lang, each in lines.items()
    }
    assert {key for key in values["en"] if values["en"][key] - values["ru"][key] - {"n"}} == set()


def test_licences_of_the_packages_are_beside_the_files() -> None:
    """The page contains packages, whose licences ask for their text."""
    text = (STATIC / "LICENSES.txt").read_text("utf-8")
    assert [name for name in ("preact", "uplot", "@codemirror/view", "@lezer/common") if f"{name} " not in text] == []


def test_the_first_load_is_small() -> None:
    """A browser fetches 60 kB at most before the first view, compressed by gzip."""
    assert 0 < page_load.first_load() <= page_load.MOST_BYTES
