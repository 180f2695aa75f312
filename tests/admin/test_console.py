"""The command `ringledger` of an installed project."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_script_runs_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The project table names a function that runs the command of the process's arguments."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    module, _, function = project["scripts"]["ringledger"].partition(":")
    monkeypatch.setattr("sys.argv", ["ringledger", "--help"])

    assert getattr(import_module(module), function)() == 0
    assert capsys.readouterr().out.startswith("usage: ringledger")
