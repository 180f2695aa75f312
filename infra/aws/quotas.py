"""The quotas that a stage needs: concurrent executions of Lambda, and connections of PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping

from infra.aws.intrinsics import Json
from infra.aws.lambda_needs import Lambda
from infra.aws.lambdas import LAMBDAS
from infra.aws.stack_parameters import parameters

#: Lambda keeps this many executions of an account unreserved; `webhooks` runs on them.
UNRESERVED = 100
#: The settings that open a connection each, and whether the requests' one can go through RDS Proxy.
CONNECTIONS = {
    "DATABASE_URL": False,
    "WRITER_DATABASE_URL": False,
    "READER_DATABASE_URL": True,
    "GATE_DATABASE_URL": True,
    "OPERATOR_DATABASE_URL": True,
    "ARCHIVER_DATABASE_URL": False,
}


def reserved(values: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return the reserved concurrency of each Lambda that has one, for these values of the stack's parameters.

    Without `values`, the defaults count.
    """
    known = {name: parameter.get("Default") for name, parameter in parameters().items()} | dict(values or {})
    return {
        name: int(known[needed.concurrency["Ref"]] if isinstance(needed.concurrency, dict) else needed.concurrency)
        for name, needed in LAMBDAS.items()
        if needed.concurrency is not None
    }


def executions(values: Mapping[str, int] | None = None) -> int:
    """Return the concurrent executions that the account must allow in its region."""
    return sum(reserved(values).values()) + UNRESERVED


def connections(values: Mapping[str, int] | None = None, *, through_proxy: bool = True) -> int:
    """Return the most connections that the Lambdas open at once, with or without those that a proxy can share."""
    counts = reserved(values)
    return sum(counts.get(name, 1) * _connections(needed, through_proxy) for name, needed in LAMBDAS.items())


def _connections(needed: Lambda, through_proxy: bool) -> int:  # noqa: FBT001 - private
    return sum(through_proxy or not shared for variable, shared in CONNECTIONS.items() if variable in needed.variables)


def report() -> str:
    """Return what an operator must have before a deployment with the default parameters, in lines."""
    kept, everything, direct = sum(reserved().values()), connections(), connections(through_proxy=False)
    return (
        f"Lambda must allow {executions()} concurrent executions: {kept} are reserved, {UNRESERVED} stay free.\n"
        f"PostgreSQL must allow {everything} connections (max_connections), {direct} of them besides RDS Proxy;"
        f" the alarm DatabaseConnections rings above {alarm_at()} (ConnectionsAlarm).\n"
    )


def alarm_at() -> int:
    """Return the number of connections that is worth an alarm: nine tenths of what the Lambdas can open."""
    return connections() * 9 // 10


def parameter() -> Json:
    """Return the template's parameter of the alarm, whose default follows from the Lambdas."""
    text = "The number of database connections above which there is an alarm"
    return {"ConnectionsAlarm": {"Type": "Number", "Default": alarm_at(), "MinValue": 1, "Description": text}}
