"""The needs that a Lambda can have: its network, its rights, its settings and its limits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from infra.aws.intrinsics import attribute, queue_id, sub


class Network(Enum):
    """The destinations that a Lambda can reach."""

    #: AWS's public endpoints and no database: the Lambda is outside the VPC.
    PUBLIC = "public"
    #: PostgreSQL, and the VPC's endpoints of S3, SQS, Lambda and Secrets Manager.
    DATABASE = "database"
    #: These and, through the VPC's NAT, the internet: for requests to a provider or a CRM.
    OUTBOUND = "database and internet"


@dataclass(frozen=True)
class Grant:
    """AWS actions on one resource."""

    actions: tuple[str, ...]
    resource: Any

    @staticmethod
    def objects(prefix: str, *actions: str) -> Grant:
        """Return a grant on the objects under a prefix of the bucket."""
        return Grant(actions, sub(f"${{Bucket.Arn}}/{prefix}"))

    @staticmethod
    def bucket(*actions: str) -> Grant:
        """Return a grant on the bucket itself."""
        return Grant(actions, attribute("Bucket", "Arn"))

    @staticmethod
    def queue(name: str, *actions: str) -> Grant:
        """Return a grant on a queue."""
        return Grant(actions, attribute(queue_id(name), "Arn"))

    @staticmethod
    def function(name: str) -> Grant:
        """Return a grant to start a Lambda by its name: a reference to its Arn would make a cycle with its role."""
        arn = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}"
        return Grant(("lambda:InvokeFunction",), sub(f"{arn}-{name}"))


@dataclass(frozen=True)
class Optional:
    """A grant on the resource that a parameter names; without a value there is no grant."""

    condition: str
    actions: tuple[str, ...]
    resource: Any


@dataclass(frozen=True)
class Lambda:
    """The needs of one Lambda: its network, the settings that its code reads, the actions that its code takes."""

    network: Network
    variables: tuple[str, ...]
    grants: tuple[Grant, ...] = ()
    optional: tuple[Optional, ...] = ()
    #: The limit of concurrent invocations, a parameter or a number; None shares the account's.
    concurrency: Any = None
    #: Allow it to start itself, or to write to its queue; otherwise Lambda stops such a loop after sixteen rounds.
    recursive: bool = False
    #: The number of retries of a failed asynchronous invocation; None for a Lambda that has none.
    retries: int | None = None
    #: The layer with packages of its own.
    layer: str = ""
    #: The size of its disk in MB; None for Lambda's default of 512.
    disk: int | None = None
