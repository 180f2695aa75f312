"""A run's summary: as keys of a log line, as sentences, and as CloudWatch metrics."""

from __future__ import annotations

from chalicelib import metrics
from chalicelib.replication.runs import Run


def facts(run: Run) -> dict[str, object]:
    """Return the keys of the run's log line."""
    order = run.order
    return {
        "run": run.id,
        "target": order.target,
        "source": order.origin,
        "kind": order.kind,
        "outcome": run.outcome or "to be continued",
        "seconds": round(run.seconds, 1),
        **run.counts,
    }


def publish(run: Run) -> None:
    """Write the run's counts and its duration as CloudWatch metrics."""
    counts = {f"replication_{name}": count for name, count in run.counts.items()}
    metrics.publish("replication", counts, seconds={"replication_seconds": run.seconds}, target=run.order.target)
