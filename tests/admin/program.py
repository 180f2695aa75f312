"""Helpers that run the administrator's command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.admin import commands
from chalicelib.platform import runtime

ROOT = Path(__file__).parents[2]


def run_admin(environment: dict[str, str], *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in a new process with this environment."""
    return subprocess.run(
        [sys.executable, "-m", "chalicelib.admin", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def run_here(environment: dict[str, str], *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in this process with this environment, which is faster. Progress goes to the terminal."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        runtime.renew()
        result = commands.run(words, lambda: stdin)
    runtime.renew()
    return subprocess.CompletedProcess(words, result.exit, result.output, result.errors)
