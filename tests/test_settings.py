"""Settings: read once, checked, and silent about secrets."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from chalicelib import settings
from chalicelib.errors import Misconfigured

ROOT = Path(__file__).parents[1]


def test_an_empty_environment_has_every_default() -> None:
    """Nothing needs to be set for the defaults to hold."""
    assert settings.load({}).statement_timeout == 20
    assert settings.load({}).spill_limit == 256_000_000


def test_lists_may_be_separated_by_blanks_or_commas() -> None:
    """CORS_ORIGINS takes both."""
    assert settings.load({"CORS_ORIGINS": "https://a, https://b  https://c"}).cors_origins == (
        "https://a",
        "https://b",
        "https://c",
    )


@pytest.mark.parametrize("value", ["x", "0", "-1", "1.5"])
def test_a_number_that_is_none_is_named(value: str) -> None:
    """The error names the variable and what would be right."""
    with pytest.raises(Misconfigured, match="STATEMENT_TIMEOUT must be a whole number above zero"):
        settings.load({"STATEMENT_TIMEOUT": value})


@pytest.mark.parametrize("value", ["Caracas", "../etc/passwd", "America", "\0"])
def test_a_zone_that_is_none_is_named(value: str) -> None:
    """The site's zone is one of the time zone database."""
    with pytest.raises(Misconfigured, match="SITE_ZONE: A time zone is named as America/Caracas is"):
        settings.load({"SITE_ZONE": value})


@pytest.mark.parametrize(("value", "meant"), [("1", True), ("Yes", True), ("0", False), ("no", False), ("", False)])
def test_a_switch_is_yes_or_no(value: str, meant: bool) -> None:
    """Anything else is refused rather than taken for one of them."""
    assert settings.load({"NIMBOX_NEW_CONTACTS": value}).nimbox_new_contacts is meant
    with pytest.raises(Misconfigured, match=r"NIMBOX_NEW_CONTACTS: .* cannot be 'perhaps'"):
        settings.load({"NIMBOX_NEW_CONTACTS": "perhaps"})


def test_secrets_do_not_show() -> None:
    """A settings object that ends in a log shows no address with a password."""
    shown = repr(settings.load({"DATABASE_URL": "postgresql://a:hidden@b/c", "READER_DATABASE_URL": "hidden"}))
    assert "hidden" not in shown


def test_a_misspelt_setting_is_refused() -> None:
    """The constructor takes the names of settings only."""
    assert settings.Settings(bucket="files").bucket == "files"
    with pytest.raises(TypeError, match="There is no setting bukket, row_limits"):
        settings.Settings(bukket="files", row_limits=1, row_limit=2)


def test_settings_cannot_be_changed() -> None:
    """A change makes a new object, so that all users of one see the same values."""
    before = settings.load({"ROW_LIMIT": "7"})
    with pytest.raises(FrozenInstanceError):
        before.row_limit = 8  # type: ignore[misc]
    assert (replace(before, bucket="x").row_limit, before.bucket) == (7, "")


def test_packaging_is_not_taken_for_a_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler's name counts only where Lambda itself runs."""
    monkeypatch.setenv("_HANDLER", "app.statistics")
    monkeypatch.delenv("LAMBDA_TASK_ROOT", raising=False)
    assert settings.lambda_handler() == ""


@pytest.mark.parametrize("command", ["local", "package", "deploy"])
def test_chalices_own_command_says_what_to_use_instead(tmp_path: Path, command: str) -> None:
    """It knows one Lambda only, so it ends with one sentence."""
    for name in (".chalice", "chalicelib"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "app.py", tmp_path)
    chalice = Path(sys.executable).with_name("chalice")
    place = [str(tmp_path / "out")] if command == "package" else []

    run = subprocess.run(
        [chalice, command, *place], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30
    )

    # The command that watches for changes ends without an error, whatever its worker does.
    assert command == "local" or run.returncode == 1
    assert "`make run` starts all of it here, `make package` packages it for AWS" in run.stderr
