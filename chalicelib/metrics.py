"""Counts that CloudWatch makes metrics of, where an alarm or a page of the dashboard waits for them.

What a service of AWS counts itself (requests, errors, messages sent and waiting) is not counted here again.
"""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.platform import configuration


def publish(service: str, counts: Mapping[str, int]) -> None:
    """Write the counts that are not zero to standard output, from where Lambda takes them (embedded metric format)."""
    counted = {name: count for name, count in counts.items() if count}
    if not counted:
        return
    from aws_lambda_powertools import Metrics  # noqa: PLC0415 - a start pays for it only where something is counted
    from aws_lambda_powertools.metrics import MetricUnit  # noqa: PLC0415

    metrics = Metrics(namespace=configuration.current().metrics_namespace, service=service)
    for name, count in counted.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    metrics.flush_metrics()
