"""The steps of the maintenance: each runs, even when an earlier one failed."""

from __future__ import annotations

from chalicelib.errors import Unavailable
from chalicelib.maintenance.surface import MaintenanceFailed, run


def fail() -> None:
    """Fail as a step does when a service is away."""
    raise Unavailable("S3 does not answer")


def test_steps_after_a_failure_run() -> None:
    """Results and errors are listed by the names of their steps."""
    done, failures = run({"made": lambda: ["events_2026_11"], "deleted": fail, "notified": lambda: 2})

    assert done == {"made": ["events_2026_11"], "notified": 2}
    assert list(failures) == ["deleted"]
    assert MaintenanceFailed(failures).message == "deleted: S3 does not answer"
