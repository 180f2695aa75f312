"""The steps of the maintenance: each has its turn, whatever an earlier one met."""

from __future__ import annotations

from chalicelib.errors import Unavailable
from chalicelib.maintenance.surface import MaintenanceFailed, run


def fail() -> None:
    """Fail as a step does when a service is away."""
    raise Unavailable("S3 does not answer")


def test_steps_after_a_failure_run() -> None:
    """What succeeded and what failed is told by the names of the steps."""
    done, failures = run({"made": lambda: ["events_2026_11"], "deleted": fail, "told": lambda: 2})

    assert done == {"made": ["events_2026_11"], "told": 2}
    assert list(failures) == ["deleted"]
    assert MaintenanceFailed(failures).message == "deleted: S3 does not answer"
