"""`python -m infra.aws.cost`: the price of a million webhooks, queries and recordings, and of an idle month.

Prices are those of us-east-1 in US dollars without free tiers, as AWS lists them; the figures of use are assumptions
that can be changed here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from infra.aws import alarms, building, storage

MILLION = 1_000_000
HOURS = 730
PRICES = {
    "API Gateway request": 3.50 / MILLION,
    "Lambda request": 0.20 / MILLION,
    "Lambda GB-second, arm64": 0.0000133334,
    "SQS request": 0.40 / MILLION,
    "S3 PUT": 0.005 / 1_000,
    "S3 GET": 0.0004 / 1_000,
    "S3 GB-month": 0.023,
    "CloudWatch Logs GB": 0.50,
    "Secrets Manager request": 0.05 / 10_000,
    "secret, month": 0.40,
    "alarm, month": 0.10,
    "dashboard, month": 3.00,
    "interface endpoint, hour and zone": 0.01,
    "NAT gateway, hour": 0.045,
    "NAT gateway GB": 0.045,
    "data out GB": 0.09,
    "X-Ray trace": 5.00 / MILLION,
    "custom metric, month": 0.30,
}


#: X-Ray traces the first request of each second and this share of the others.
TRACED = 0.05
#: The compressed answer of a query, in bytes.
ANSWER_BYTES = 20_000
#: A recording of three minutes, which its provider sends through the NAT gateway, in GB.
RECORDING_GB = 0.0015


@dataclass(frozen=True)
class Use:
    """The running time of a Lambda for one event, in milliseconds, and its log, in bytes."""

    milliseconds: float
    logged: float = 500


def _lambda(name: str, use: Use, events: float = 1) -> Mapping[str, float]:
    """Return the quantities of each price that one event takes of an invocation for `events` events."""
    memory = building.stage_functions("dev")[name]["lambda_memory_size"] / 1_024
    return {
        "Lambda request": 1 / events,
        "Lambda GB-second, arm64": memory * use.milliseconds / 1_000 / events,
        "CloudWatch Logs GB": use.logged / 1e9 / events,
        "X-Ray trace": TRACED / events,
    }


def _whole(*parts: Mapping[str, float]) -> float:
    return sum(PRICES[name] * amount for part in parts for name, amount in part.items())


def webhook(batch: float) -> float:
    """Return the quantities of one webhook through gateway, queue and consumer, in batches of `batch`."""
    queue = {"SQS request": 1 + 2 / batch}
    return _whole(
        {"API Gateway request": 1, "CloudWatch Logs GB": 300 / 1e9},
        _lambda("webhooks", Use(12)),
        queue,
        _lambda("ingest", Use(40 + 3 * batch), batch),
    )


def query(milliseconds: float) -> float:
    """Return the quantities of one query of the statistics channel."""
    gateway = {"API Gateway request": 1, "CloudWatch Logs GB": 300 / 1e9, "data out GB": ANSWER_BYTES / 1e9}
    return _whole(gateway, _lambda("statistics", Use(milliseconds)))


def recording() -> float:
    """Return the price of a recording that is fetched, kept for a year and played once."""
    fetching = {"NAT gateway GB": RECORDING_GB, "S3 PUT": 1, "SQS request": 3}
    playing = {"API Gateway request": 1, "S3 GET": 2, "data out GB": RECORDING_GB}
    keeping = {"S3 GB-month": 12 * RECORDING_GB}
    return _whole(fetching, playing, keeping, _lambda("recorder", Use(1_500)), _lambda("recordings", Use(20)))


def standing() -> Mapping[str, float]:
    """Return the price of an idle month, without the database."""
    kinds = [resource["Type"] for resource in alarms.alarms(building.timeouts("dev")).values()]
    return {
        "secrets": len(storage.secrets()) * PRICES["secret, month"],
        "alarms": kinds.count("AWS::CloudWatch::Alarm") * PRICES["alarm, month"],
        "metrics of the bundle": len(alarms.SHOWN) * PRICES["custom metric, month"],
        "dashboard": PRICES["dashboard, month"],
        "three interface endpoints in two zones": 6 * HOURS * PRICES["interface endpoint, hour and zone"],
        "one NAT gateway": HOURS * PRICES["NAT gateway, hour"],
    }


def main() -> None:
    """Print the prices."""
    sys.stdout.write("A million of            US dollars\n")
    for batch in (1, 10, 100):
        sys.stdout.write(f"  webhooks, {batch:>3} a batch  {webhook(batch) * MILLION:>8.2f}\n")
    for milliseconds in (50, 500, 5_000):
        sys.stdout.write(f"  queries of {milliseconds:>5} ms   {query(milliseconds) * MILLION:>8.2f}\n")
    sys.stdout.write(f"  recordings of 3 min   {recording() * MILLION:>8.2f}\n")
    sys.stdout.write("A month of\n")
    for name, price in standing().items():
        sys.stdout.write(f"  {name:<40}{price:>8.2f}\n")


if __name__ == "__main__":
    main()
