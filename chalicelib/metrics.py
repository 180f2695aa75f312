"""CloudWatch metrics that an alarm or a page of the dashboard uses.

Numbers that AWS counts itself (requests, errors, messages sent and waiting) are not counted again.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.platform import configuration


def publish(
    service: str, counts: Mapping[str, int], *, seconds: Mapping[str, float] | None = None, target: str = ""
) -> None:
    """Write the counts that are not zero, and the durations, to standard output in CloudWatch's embedded format.

    Lambda makes metrics of such lines. `target` is a further dimension of them.
    """
    counted = {name: count for name, count in counts.items() if count}
    if not (counted or seconds):
        return
    # Loaded only where there is something to write.
    from aws_lambda_powertools.metrics import Metrics, MetricUnit  # noqa: PLC0415

    metrics = Metrics(namespace=configuration.current().metrics_namespace, service=service)
    if target:
        metrics.add_dimension("target", target)
    for name, count in counted.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    for name, duration in (seconds or {}).items():
        metrics.add_metric(name, MetricUnit.Seconds, duration)
    metrics.flush_metrics()
