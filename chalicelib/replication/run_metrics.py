"""A run's summary: as keys of a log line, as sentences, and as CloudWatch metrics."""

from __future__ import annotations

from chalicelib.platform import configuration
from chalicelib.replication.runs import Run


def facts(run: Run) -> dict[str, object]:
    """What a log line says of the run."""
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
    """Write the run's counts to standard output, from where Lambda makes metrics of them (embedded metric format)."""
    from aws_lambda_powertools import Metrics  # noqa: PLC0415 - only a run that has ended has something to publish
    from aws_lambda_powertools.metrics import MetricUnit  # noqa: PLC0415

    metrics = Metrics(namespace=configuration.current().metrics_namespace, service="replication")
    metrics.add_dimension("target", run.order.target)
    for name, count in run.counts.items():
        metrics.add_metric(f"replication_{name}", MetricUnit.Count, count)
    metrics.add_metric("replication_seconds", MetricUnit.Seconds, run.seconds)
    metrics.flush_metrics()
