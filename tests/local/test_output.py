"""The output of the local stack: addresses stay on the screen, and the log of requests goes to a file."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from infra.local import __main__ as program


class Screen(io.StringIO):
    """An output that people read."""

    def isatty(self) -> bool:
        """Return True, as a terminal does."""
        return True


@pytest.mark.parametrize(("output", "is_separate"), [(Screen(), True), (io.StringIO(), False)])
def test_a_screen_shows_no_requests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: io.StringIO, is_separate: bool
) -> None:
    """On a terminal the log is in the data folder; elsewhere, as in a container, it is in the output."""
    monkeypatch.setattr(program, "_OUTPUT", output)
    monkeypatch.setattr(sys, "stdout", output)

    program.separate_log(tmp_path / "data")
    sys.stdout.write("a request\n")

    log = tmp_path / "data" / program.LOG
    assert (output.getvalue() == "") is is_separate
    assert log.exists() is is_separate
    assert not is_separate or log.read_text("utf-8") == "a request\n"
