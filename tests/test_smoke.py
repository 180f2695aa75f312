"""The smoke check: it passes on a complete bundle, and fails on anything less."""

from __future__ import annotations

from typing import Any

import pytest

from infra import smoke


def test_a_whole_bundle_passes(stack: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Every surface passes, and no token is printed."""
    stage = smoke.Stage(stack["url"], stack["tokens"], stack["webhook_keys"]["telphin"]["phone"])
    assert smoke.passed(stage), capsys.readouterr().out
    assert not [token for token in stack["tokens"].values() if token in capsys.readouterr().out]


def test_a_wrong_token_is_reported(stack: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """A failed check is printed with the answer."""
    tokens = dict.fromkeys(stack["tokens"], "x" * 32)
    assert not smoke.passed(smoke.Stage(stack["url"], tokens))
    assert "FAILED  statistics  a query is answered" in capsys.readouterr().out


def test_a_stage_that_is_away_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """A refused connection is reported as a failed check."""
    stage = smoke.Stage("http://127.0.0.1:9", dict.fromkeys(("statistics", "recordings", "nimbox", "oktell"), "x"))
    assert not smoke.passed(stage)
    assert "0 of " in capsys.readouterr().out
