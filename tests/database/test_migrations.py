"""Migrations: each file is applied once, completely or not at all, also by parallel runs."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chalicelib.admin.database import SQL
from chalicelib.admin.migrations import MigrationFailed, files, migrate
from tests.databases import run

SHIPPED = [migration.name for migration in files(SQL / "migrations")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with two small migrations."""
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE public.first (a integer);")
    (tmp_path / "0002_second.sql").write_text("CREATE TABLE public.second (a integer);")
    return tmp_path


def test_a_new_database_gets_all_migrations_in_order(empty_database: str) -> None:
    """All shipped migrations are applied and reported in the order of their names."""
    assert migrate(empty_database) == SHIPPED
    assert sorted(SHIPPED) == SHIPPED


def test_a_second_run_applies_nothing(empty_database: str) -> None:
    """An applied migration is not applied again."""
    migrate(empty_database)

    assert migrate(empty_database) == []


def test_only_new_files_are_applied(empty_database: str, folder: Path) -> None:
    """A new file is applied to a database that has the earlier ones."""
    migrate(empty_database, folder)
    (folder / "0003_third.sql").write_text("ALTER TABLE public.first ADD b integer;")

    assert migrate(empty_database, folder) == ["0003_third"]


def test_parallel_runs_apply_each_migration_once(empty_database: str) -> None:
    """Exactly one of the runs that start together applies the migrations."""
    together = threading.Barrier(4)

    def runner(_: int) -> list[str]:
        together.wait()
        return migrate(empty_database)

    with ThreadPoolExecutor(4) as runners:
        applied = list(runners.map(runner, range(4)))

    assert sorted(applied, key=len) == [[], [], [], SHIPPED]


def test_a_changed_file_is_refused(empty_database: str, folder: Path) -> None:
    """A file that changed after it was applied is named, and nothing is applied."""
    migrate(empty_database, folder)
    (folder / "0001_first.sql").write_text("CREATE TABLE public.first (a bigint);")
    (folder / "0003_third.sql").write_text("CREATE TABLE public.third (a integer);")

    with pytest.raises(MigrationFailed, match="0001_first was changed after it was applied"):
        migrate(empty_database, folder)
    assert run(empty_database, "SELECT to_regclass('public.third')") == [(None,)]


def test_a_missing_file_is_refused(empty_database: str, folder: Path) -> None:
    """A database with a migration whose file is missing is not changed."""
    migrate(empty_database, folder)
    (folder / "0002_second.sql").unlink()

    with pytest.raises(MigrationFailed, match="0002_second was applied"):
        migrate(empty_database, folder)


def test_a_failing_file_leaves_nothing_behind(empty_database: str, folder: Path) -> None:
    """A failing file is rolled back, earlier files stay, and the corrected file is applied later."""
    broken = folder / "0003_broken.sql"
    broken.write_text("CREATE TABLE public.half (a integer); SELECT 1 / 0;")

    with pytest.raises(MigrationFailed, match=r"0003_broken: division by zero \(SQLSTATE 22012\)"):
        migrate(empty_database, folder)
    assert run(empty_database, "SELECT to_regclass('public.half')") == [(None,)]

    broken.write_text("CREATE TABLE public.half (a integer);")
    assert migrate(empty_database, folder) == ["0003_broken"]
