"""The alarms that wake an operator, and the dashboard to look at then."""

from __future__ import annotations

import json
from typing import Any

from infra.aws.intrinsics import Json, attribute, function_id, logical, physical, queue_id, ref, sub
from infra.aws.lambdas import LAMBDAS, LOST_INVOCATIONS, QUEUES
from infra.aws.policies import log_group
from infra.aws.variables import METRICS

FIVE_MINUTES = 300
HOUR = 3_600
#: The replication runs every hour.
HOURS_BEHIND = 3
#: The age of a waiting message, in seconds, at which an operator is notified.
OLDEST_MESSAGE = 900
#: Events that the Lambdas count and that should never happen: alarm -> the service and its metric.
COUNTED = {
    "MessagesQuarantined": ("ingest", "messages_quarantined"),
    "CallsSetAside": ("ingest", "calls_set_aside"),
    "RecordingsFailed": ("recorder", "recordings_failed"),
    "OrdersNotTaken": ("oktell", "orders_not_taken"),
    "StatesNotSent": ("oktell", "states_not_sent"),
    "UnusualDeletions": ("nimbox", "unusual_deletions"),
}
#: The counts that the dashboard shows next to these.
SHOWN = (*COUNTED.values(), ("recorder", "recordings_ready"), ("maintenance", "calls_closed"))
#: The database's processor is busy above this share for so many periods.
BUSY_PERCENT = 90
BUSY_PERIODS = 3
#: Share of the Lambda's timeout: a p99 above it means that more data will fail.
NEAR_TIMEOUT = 0.8


def alarms(timeouts: dict[str, int]) -> Json:
    """Return the alarms of the Lambdas, the queues, the API and the database, and the topic that they notify.

    `timeouts` are those of the Lambdas, in seconds.
    """
    resources: Json = {
        "Alarms": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": physical("alarms")}},
        "AlarmsEmail": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "HasAlarmEmail",
            "Properties": {"TopicArn": ref("Alarms"), "Protocol": "email", "Endpoint": ref("AlarmEmail")},
        },
        "ApiFailures": _alarm("AWS/ApiGateway", "5XXError", {"ApiName": ref("AWS::StackName")}, 5),
        **_of_database(),
        "NoWebhooks": _no_webhooks(),
    }
    for name in LAMBDAS:
        of = {"FunctionName": ref(function_id(name))}
        slow = round(timeouts[name] * 1_000 * NEAR_TIMEOUT)
        resources |= {
            f"{logical(name)}Errors": _alarm("AWS/Lambda", "Errors", of, 0),
            f"{logical(name)}Throttles": _alarm("AWS/Lambda", "Throttles", of, 0),
            f"{logical(name)}Slow": _alarm("AWS/Lambda", "Duration", of, slow, ExtendedStatistic="p99"),
        }
    for name in QUEUES:
        waiting, dead = _queue(name), _queue(f"{name}-dead")
        oldest = "ApproximateAgeOfOldestMessage"
        visible = "ApproximateNumberOfMessagesVisible"
        resources |= {
            f"{queue_id(name)}Old": _alarm("AWS/SQS", oldest, waiting, OLDEST_MESSAGE, Statistic="Maximum"),
            f"{queue_id(name)}Lost": _alarm("AWS/SQS", visible, dead, 0, Statistic="Maximum"),
        }
    resources["InvocationsLost"] = _alarm(
        "AWS/SQS", "ApproximateNumberOfMessagesVisible", _queue(LOST_INVOCATIONS), 0, Statistic="Maximum"
    )
    for name, (service, metric) in COUNTED.items():
        resources[name] = _alarm(METRICS, metric, {"service": service}, 0)
    return resources | _behind() | {"Dashboard": _dashboard()}


def _of_database() -> Json:
    """Return the alarms of the database, if its name is known."""
    free = {"Fn::FindInMap": ["FreeStorage", ref("DatabaseFreeGigabytes"), "Bytes"]}
    alarms_by_name = {
        "DatabaseConnections": _rds("DatabaseConnections", ref("ConnectionsAlarm"), Statistic="Maximum"),
        "DatabaseStorage": _rds("FreeStorageSpace", free, Statistic="Minimum"),
        "DatabaseProcessor": _rds("CPUUtilization", BUSY_PERCENT, Statistic="Average"),
    }
    alarms_by_name["DatabaseStorage"]["Properties"]["ComparisonOperator"] = "LessThanThreshold"
    alarms_by_name["DatabaseProcessor"]["Properties"]["EvaluationPeriods"] = BUSY_PERIODS
    return alarms_by_name


def _rds(metric: str, threshold: float | Json, **statistic: str) -> Json:
    alarm = _alarm("AWS/RDS", metric, {"DBInstanceIdentifier": ref("DatabaseInstance")}, threshold, **statistic)
    return {**alarm, "Condition": "HasDatabaseInstance"}


def _no_webhooks() -> Json:
    """Return the alarm for an hour of a working day without any webhook: a PBX may post elsewhere, or not at all."""
    # A metric without a single value gives no time to compare. The maintenance runs every hour, so it serves as the
    # clock, and a sum of several metrics counts missing values as zero. Days count from Monday, 1; outside of the
    # working hours one webhook is assumed.
    expression = (
        "IF(DAY(clock) <= 5 AND HOUR(clock) >= ${WorkdayBegin} AND HOUR(clock) < ${WorkdayEnd},"
        " SUM([posted, clock]) - clock, 1)"
    )
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Condition": "HasWorkday",
        "Properties": {
            "Metrics": [
                {"Id": "expected", "Expression": sub(expression), "Label": "webhooks of a working hour"},
                *(_hourly(identity, name) for identity, name in (("posted", "webhooks"), ("clock", "maintain"))),
            ],
            "ComparisonOperator": "LessThanThreshold",
            "Threshold": 1,
            "EvaluationPeriods": 1,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [ref("Alarms")],
            "OKActions": [ref("Alarms")],
        },
    }


def _hourly(identity: str, name: str) -> Json:
    """Return the hourly invocations of the Lambda `name` as a term of an expression."""
    dimensions = [{"Name": "FunctionName", "Value": ref(function_id(name))}]
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Invocations", "Dimensions": dimensions}
    return {"Id": identity, "MetricStat": {"Metric": metric, "Period": HOUR, "Stat": "Sum"}, "ReturnData": False}


def _queue(name: str) -> Json:
    return {"QueueName": attribute(queue_id(name), "QueueName")}


def _alarm(namespace: str | Json, metric: str, dimensions: Json, above: float | Json, **statistic: str) -> Json:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": above,
            "Period": FIVE_MINUTES,
            "EvaluationPeriods": 1,
            "TreatMissingData": "notBreaching",
            "AlarmActions": [ref("Alarms")],
            "OKActions": [ref("Alarms")],
            **(statistic or {"Statistic": "Sum"}),
        },
    }


def _behind() -> Json:
    """Return the alarm for hours without a finished run of the replication; without a CRM there is none."""
    ended = '{ $.surface = "replication" && $.outcome != "to be continued" }'
    namespace, metric = METRICS, "ReplicationRuns"
    transformation = {"MetricNamespace": namespace, "MetricName": metric, "MetricValue": "1"}
    alarm = _alarm(namespace, metric, {}, 0)
    alarm["Properties"] |= {
        "ComparisonOperator": "LessThanOrEqualToThreshold",
        "Period": HOUR,
        "EvaluationPeriods": HOURS_BEHIND,
        "TreatMissingData": "breaching",
    }
    return {
        "ReplicationRuns": {
            "Type": "AWS::Logs::MetricFilter",
            "Condition": "HasReplication",
            "Properties": {
                "LogGroupName": ref(log_group("replicate")),
                "FilterPattern": ended,
                "MetricTransformations": [transformation],
            },
        },
        "ReplicationBehind": {**alarm, "Condition": "HasReplication"},
    }


def _dashboard() -> Json:
    rows = [*_rows_of_lambdas(), *_rows_of_queues(), *_rows_of_services()]
    widgets = [{**row, "x": 12 * (place % 2), "y": 6 * (place // 2)} for place, row in enumerate(rows)]
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {"DashboardName": physical("overview"), "DashboardBody": sub(json.dumps({"widgets": widgets}))},
    }


def _rows_of_lambdas() -> list[Json]:
    shown = (
        ("Errors", "Errors", "Sum"),
        ("Throttles", "Throttles", "Sum"),
        ("Duration, p99", "Duration", "p99"),
        ("Running at once", "ConcurrentExecutions", "Maximum"),
    )
    return [_row(title, [_lambda(name, metric, statistic) for name in LAMBDAS]) for title, metric, statistic in shown]


def _rows_of_queues() -> list[Json]:
    with_dead_letters = [f"{name}{end}" for name in QUEUES for end in ("", "-dead")]
    waiting = [_of_queue(name, "ApproximateNumberOfMessagesVisible") for name in with_dead_letters]
    return [
        _row("Oldest message, seconds", [_of_queue(name, "ApproximateAgeOfOldestMessage") for name in QUEUES]),
        _row("Waiting, and dead letters", waiting),
    ]


def _rows_of_services() -> list[Json]:
    requests = [["AWS/ApiGateway", name, "ApiName", "${AWS::StackName}"] for name in ("Count", "4XXError", "5XXError")]
    counted = [[METRICS["Fn::Sub"], metric, "service", service] for service, metric in SHOWN]
    connections = ["AWS/RDS", "DatabaseConnections", "DBInstanceIdentifier", "${DatabaseInstance}"]
    return [
        _row("The API", requests),
        _row("Set aside, recordings, calls without an end", counted),
        _row("Database connections", [connections]),
    ]


def _row(title: str, metrics: list[list[Any]]) -> Json:
    properties = {"title": title, "metrics": metrics, "region": "${AWS::Region}", "stat": "Sum", "period": FIVE_MINUTES}
    return {"type": "metric", "width": 12, "height": 6, "properties": properties}


def _lambda(name: str, metric: str, statistic: str = "Sum") -> list[Any]:
    return ["AWS/Lambda", metric, "FunctionName", f"${{{function_id(name)}}}", {"stat": statistic}]


def _of_queue(name: str, metric: str) -> list[Any]:
    return ["AWS/SQS", metric, "QueueName", f"${{{queue_id(name)}.QueueName}}", {"stat": "Maximum"}]
