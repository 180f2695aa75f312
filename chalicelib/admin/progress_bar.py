"""The progress of a replication run, as a bar on a terminal."""

from __future__ import annotations

import sys
import time

from chalicelib.replication.replicate import Progress

BAR_WIDTH = 30
BAR_SECONDS = 0.2


class ProgressBar:
    """A progress bar that grows in place on a terminal, and prints lines elsewhere."""

    def __init__(self) -> None:
        # Not sys.stderr, which is captured until the command ends.
        self._stream = sys.__stderr__
        self._shown = 0.0
        self._step = ""

    def show(self, progress: Progress) -> None:
        """Show the progress, unless the bar was drawn a moment ago."""
        stream = self._stream
        if stream is None or not self._is_due(progress, on_terminal=stream.isatty()):
            return
        begin, end = self._frame(progress) if stream.isatty() else ("", "\n")
        self._shown, self._step = time.monotonic(), progress.step
        stream.write(begin + _line(progress) + end)
        stream.flush()

    def _is_due(self, progress: Progress, *, on_terminal: bool) -> bool:
        if progress.done == progress.total or progress.step != self._step:
            return True
        return time.monotonic() - self._shown >= BAR_SECONDS * (1 if on_terminal else 10)

    def _frame(self, progress: Progress) -> tuple[str, str]:
        """Return what goes around the bar on a terminal: each step has a line of its own."""
        is_new_step = self._step not in {"", progress.step}
        return ("\n\r" if is_new_step else "\r", "\n" if progress.done == progress.total else "")


def _line(progress: Progress) -> str:
    if progress.total is None:
        return f"{progress.step} {progress.done:,}"
    filled = BAR_WIDTH * progress.done // max(1, progress.total)
    bar = "#" * filled + "." * (BAR_WIDTH - filled)
    return f"{progress.step} [{bar}] {progress.done:,} of {progress.total:,}"
