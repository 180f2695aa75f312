"""The summary of a run: keys of a log line, and CloudWatch metrics."""

from __future__ import annotations

from chalicelib import metrics
from chalicelib.replication.runs import Run


def facts(run: Run) -> dict[str, object]:
    """Return the keys of the run's log line."""
    request = run.request
    return {
        "run": run.id,
        "target": request.target,
        "source": request.origin,
        "kind": request.kind,
        "outcome": run.outcome or "to be continued",
        "seconds": round(run.seconds, 1),
        **run.counts,
    }


def publish(run: Run) -> None:
    """Write the run's counts and its duration as CloudWatch metrics."""
    counts = {f"replication_{name}": count for name, count in run.counts.items()}
    target = run.request.target
    metrics.publish("replication", counts, seconds={"replication_seconds": run.seconds}, target=target)
