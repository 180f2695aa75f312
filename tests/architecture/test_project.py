"""The project's own files agree with each other."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")


def _text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _documents() -> list[Path]:
    return [*map(ROOT.joinpath, DOCUMENTS), *(ROOT / "docs").rglob("*.md")]


def test_links_between_documents() -> None:
    """Every relative link of a document leads to a file."""
    dead = [
        (document.name, target)
        for document in _documents()
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text("utf-8"))
        if not (document.parent / target).exists()
    ]
    assert dead == []


def test_paths_that_documents_name() -> None:
    """Every file and folder that a document names exists."""
    texts = "".join(document.read_text("utf-8") for document in _documents())
    paths = set(re.findall(r"`((?:chalicelib|infra|tests)/[\w/.]+)`", texts))
    assert {path for path in paths if "NAME" not in path and not (ROOT / path).exists()} == set()


def test_hooks_run_targets_of_make() -> None:
    """Every hook of pre-commit runs a target that the Makefile has, and needs no network."""
    hooks = _text(".pre-commit-config.yaml")
    targets = re.findall(r"entry: make (\w+)", hooks)
    assert targets
    assert set(re.findall(r"repo: (\w+)", hooks)) == {"local"}
    assert [target for target in targets if not re.search(rf"(?m)^{target}:", _text("Makefile"))] == []


def test_ci_runs_commands_of_make() -> None:
    """CI runs the targets that the README names."""
    targets = set(re.findall(r"make (\w+)", _text(".ci/run") + _text(".github/workflows/check.yml"))) - {"python3"}
    assert "verify" in targets
    assert {target for target in targets if f"`make {target}`" not in _text("README.md")} <= {"package"}
