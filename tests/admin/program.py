"""The administrator's command line as a program of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib import settings
from chalicelib.admin import commands
from chalicelib.platform import objects, queues

ROOT = Path(__file__).parents[2]
#: What a process makes once from its environment.
MADE_ONCE = (settings.current, queues.client, objects.client)


def run_admin(environment: dict[str, str], *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in this environment and no other."""
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
    """The same within this process, which needs no second to begin; progress is told to the terminal alone."""
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        _forget()
        ended = commands.run(words, lambda: stdin)
    _forget()
    return subprocess.CompletedProcess(words, ended.exit, ended.output, ended.errors)


def _forget() -> None:
    for made in MADE_ONCE:
        made.cache_clear()
