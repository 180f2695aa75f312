"""Rules of the project that no linter checks."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import app

ROOT = Path(__file__).parents[2]
SOURCES = [path for folder in ("chalicelib", "infra", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]
LINES_LIMIT = 300


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_fits_one_reading(path: Path) -> None:
    """No file is longer than 300 lines."""
    assert len(path.read_text("utf-8").splitlines()) <= LINES_LIMIT


def test_every_test_states_its_rule() -> None:
    """Every test has a docstring."""
    silent = [
        f"{path.name}:{function.name}"
        for path in SOURCES
        if path.name.startswith("test_")
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef)
        and function.name.startswith("test_")
        and not ast.get_docstring(function)
    ]
    assert silent == []


def test_every_surface_is_mounted() -> None:
    """`app.py` mounts every package with a surface."""
    surfaces = {path.parent.name for path in (ROOT / "chalicelib").glob("*/surface.py")}
    named = set(re.findall(r"chalicelib\.(\w+)\.surface", (ROOT / "app.py").read_text("utf-8")))
    assert surfaces == named


def test_every_route_belongs_to_a_surface() -> None:
    """Views are in surface modules only, since a Lambda loads one surface."""
    views = [entry.view_function for methods in app.app.routes.values() for entry in methods.values()]
    assert views
    assert {view.__module__.rpartition(".")[2] for view in views} == {"surface"}


def _modules_loaded_by(handler: str) -> set[str]:
    code = "import sys, app; print(*sorted(sys.modules))"
    environment = {"PATH": os.environ["PATH"], "_HANDLER": handler, "LAMBDA_TASK_ROOT": "/var/task"}
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    return set(loaded.stdout.decode().split())


@pytest.mark.parametrize(
    ("handler", "unwanted"),
    [
        (
            "app.statistics",
            {"boto3", "botocore.session", "chalicelib.health.surface", "chalicelib.admin.surface"},
        ),
        ("app.app", {"boto3", "botocore.session", "pydantic", "pglast", "chalicelib.statistics.surface"}),
        (
            "app.recordings",
            {
                "boto3",
                "botocore.session",
                "botocore.auth",
                "requests",
                "pydantic",
                "pglast",
                "chalicelib.statistics.surface",
                "chalicelib.recordings.recorder",
                "chalicelib.recordings.audio",
            },
        ),
        ("app.recorder", {"boto3", "botocore.session", "pydantic", "pglast", "chalicelib.recordings.surface"}),
        (
            "app.webhooks",
            {"boto3", "botocore.session", "psycopg2", "pydantic", "pglast", "chalicelib.statistics.surface"},
        ),
        (
            "app.documents",
            {"boto3", "botocore.session", "psycopg2", "pydantic", "pglast", "chalicelib.statistics.surface"},
        ),
        (
            "app.console",
            {"boto3", "botocore.session", "psycopg2", "pydantic", "pglast", "chalicelib.statistics.surface"},
        ),
        (
            "app.nimbox",
            {"boto3", "botocore.session", "pglast", "chalicelib.statistics.surface"},
        ),
        (
            "app.oktell",
            {"boto3", "botocore.session", "pydantic", "pglast", "chalicelib.statistics.surface"},
        ),
        ("app.operations", {"boto3", "botocore.session", "pglast", "chalicelib.statistics.surface"}),
        ("app.jobs", {"boto3", "botocore.session", "pglast", "chalicelib.operations.surface"}),
        ("app.scripts", {"boto3", "botocore.session", "pydantic", "pglast", "chalicelib.oktell.surface"}),
        (
            "app.ingest",
            {"boto3", "botocore.session", "pydantic", "pglast", "chalicelib.statistics.surface"},
        ),
        (
            "app.replicate",
            {
                "boto3",
                "botocore.session",
                "pglast",
                "pymysql",
                "chalicelib.statistics.surface",
                "chalicelib.nimbox.surface",
            },
        ),
        (
            "app.admin",
            {"boto3", "botocore.session", "pglast", "chalicelib.statistics.surface", "chalicelib.health.surface"},
        ),
    ],
)
def test_a_cold_start_loads_its_own_surface_only(handler: str, unwanted: set[str]) -> None:
    """Inside a Lambda, importing the bundle loads nothing that only other Lambdas need."""
    assert _modules_loaded_by(handler) & unwanted == set()
