"""The table of Lambdas: network, rights and settings of each. Memory and timeout are in .chalice/config.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.aws.intrinsics import API_HANDLER, ref
from infra.aws.lambda_needs import Grant, Lambda, Network, Optional
from infra.aws.variables import MEMBERS, RUNS

GATE = ("GATE_DATABASE_URL", "CORS_ORIGINS")
CLIENTS = (*GATE, "TOKEN_GUESSES")
#: How the events of a call are interpreted.
INTERPRETATION = ("ANSWER_BY_STATUS", "FEATURE_CODES")
TELPHIN, RECORDER, OKTELL, CRM, CDR = (MEMBERS[name] for name in ("telphin", "recorder", "oktell", "crm", "cdr"))
# Without this right S3 answers 403 instead of 404 for a missing object.
TELLS_MISSING = Grant.bucket("s3:ListBucket")
# The target is a queue or a topic: each has one of these actions.
TELLS_TARGET = (Optional("HasRecordingTarget", ("sqs:SendMessage", "sns:Publish"), ref("RecordingTargetArn")),)

LAMBDAS: dict[str, Lambda] = {
    API_HANDLER: Lambda(
        Network.DATABASE,
        (*GATE, "BUCKET", "EVENTS_QUEUE_URL"),
        (Grant.bucket("s3:ListBucket"), Grant.queue("call-events", "sqs:GetQueueAttributes")),
        concurrency=5,
    ),
    "statistics": Lambda(
        Network.DATABASE,
        (*CLIENTS, "READER_DATABASE_URL", "BUCKET", "SITE_ZONE"),
        (Grant.objects("answers/*", "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"),),
        # Each uses one connection of the reader, whose number PostgreSQL limits.
        concurrency=ref("StatisticsConcurrency"),
    ),
    "recordings": Lambda(
        Network.DATABASE,
        (*CLIENTS, "BUCKET", "LINK_SECRETS", "RECORDING_STORAGES"),
        (Grant.objects("recordings/*", "s3:GetObject"), TELLS_MISSING),
        optional=(Optional("HasRecordingArns", ("s3:GetObject",), ref("RecordingArns")),),
        concurrency=ref("RequestConcurrency"),
    ),
    # Unlimited: it gets what the limits of the others leave of the account.
    "webhooks": Lambda(
        Network.PUBLIC,
        ("BUCKET", "EVENTS_QUEUE_URL", "CORS_ORIGINS", "WEBHOOK_SECRETS"),
        (
            Grant.objects("webhooks/*", "s3:GetObject"), Grant.objects("incoming/*", "s3:PutObject"), TELLS_MISSING,
            Grant.queue("call-events", "sqs:SendMessage"),
        ),
    ),
    # Its document is a file of the bundle.
    "documents": Lambda(Network.PUBLIC, ("CORS_ORIGINS",), concurrency=5),
    # Its page is files of the bundle, whose policy names the buckets with recordings.
    "console": Lambda(Network.PUBLIC, ("CORS_ORIGINS", "BUCKET", "RECORDING_STORAGES"), concurrency=10),
    "nimbox": Lambda(
        Network.DATABASE,
        (*CLIENTS, "WRITER_DATABASE_URL", "SITE_ZONE", "NIMBOX_Z_IS_LOCAL", "NIMBOX_NEW_CONTACTS"),
        # The writer connects to the database without the proxy, and has this many connections.
        concurrency=ref("RequestConcurrency"),
    ),
    "oktell": Lambda(
        Network.OUTBOUND,
        (
            *CLIENTS, *TELPHIN, *OKTELL, "WRITER_DATABASE_URL", "BUCKET", "LINK_SECRETS", "PUBLIC_URL", "SITE_ZONE",
            "CALL_CONTROL_QUEUE_URL", "SCRIPTS_FUNCTION", "SCRIPT_FUNCTIONS", "OKTELL_PASSWORD_REQUIRED",
            "OKTELL_NETWORKS",
        ),
        (
            Grant.objects("script-files/*", "s3:GetObject", "s3:PutObject"),
            Grant.objects("uploads/*", "s3:PutObject"),
            Grant.objects("faxes/*", "s3:GetObject"),
            Grant.queue("call-control", "sqs:SendMessage"),
            Grant.function("scripts"),
        ),
        concurrency=ref("RequestConcurrency"),
    ),
    "operations": Lambda(
        Network.DATABASE,
        (
            *CLIENTS, "OPERATOR_DATABASE_URL", "EVENTS_QUEUE_URL", "PUBLIC_URL", "WEBHOOK_SECRETS", "SITE_ZONE",
            "JOBS_FUNCTION",
        ),
        (
            Grant.queue("call-events", "sqs:GetQueueAttributes"),
            Grant.queue(
                "call-events-dead", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage",
                "sqs:ChangeMessageVisibility",
            ),
            Grant.function("jobs"),
        ),
        concurrency=5,
    ),
    "jobs": Lambda(
        Network.DATABASE,
        ("DATABASE_URL", "EVENTS_QUEUE_URL", "RECORDINGS_QUEUE_URL", "JOBS_FUNCTION", *INTERPRETATION),
        (
            Grant.queue("call-events", "sqs:GetQueueAttributes", "sqs:SendMessage"),
            Grant.queue(
                "call-events-dead", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility",
                "sqs:GetQueueUrl",
            ),
            Grant.queue("recordings", "sqs:SendMessage"),
            Grant.function("jobs"),
        ),
        concurrency=2,
        recursive=True,
        retries=0,
    ),
    "scripts": Lambda(
        Network.OUTBOUND,
        ("READER_DATABASE_URL", "WRITER_DATABASE_URL", "BUCKET", "SCRIPT_FUNCTIONS"),
        (
            Grant.objects("script-files/*", "s3:GetObject", "s3:PutObject"),
            # Uploaded files are there for scripts.
            Grant.objects("uploads/*", "s3:GetObject"),
            TELLS_MISSING,
        ),
        optional=(Optional("HasScriptFunctions", ("lambda:InvokeFunction",), ref("ScriptFunctionArns")),),
        concurrency=ref("RequestConcurrency"),
        # A script can have effects in other systems, so it is not known to be safe to run twice.
        retries=0,
    ),
    "ingest": Lambda(
        Network.DATABASE,
        ("WRITER_DATABASE_URL", "EVENTS_QUEUE_URL", "RECORDINGS_QUEUE_URL", *INTERPRETATION),
        (Grant.queue("recordings", "sqs:SendMessage"), Grant.queue("call-events", "sqs:SendMessage")),
        # As many as its queue starts, kept from the surge of webhooks that it works off.
        concurrency=ref("IngestConcurrency"),
    ),
    "recorder": Lambda(
        Network.OUTBOUND,
        (
            *TELPHIN, *RECORDER, "WRITER_DATABASE_URL", "BUCKET", "RECORDINGS_QUEUE_URL", "RECORDING_STORAGES",
            "RECORDING_DAYS", "RECORDING_TARGET",
        ),
        (
            Grant.objects("recordings/*", "s3:PutObject", "s3:DeleteObject"),
            Grant.objects("incoming/*", "s3:GetObject", "s3:DeleteObject"),
            TELLS_MISSING, Grant.queue("recordings", "sqs:SendMessage"),
        ),
        optional=(
            Optional("HasRecordingArns", ("s3:PutObject", "s3:DeleteObject"), ref("RecordingArns")),
            *TELLS_TARGET,
        ),
        concurrency=ref("RecorderConcurrency"),
        recursive=True,
    ),
    "maintain": Lambda(
        # Outbound, since the VPC has no endpoint for the topic that reports recordings.
        Network.OUTBOUND,
        (
            "DATABASE_URL", "WRITER_DATABASE_URL", "EVENT_RETENTION_MONTHS", "CALL_RETENTION_MONTHS", "ARCHIVE",
            "ARCHIVE_FUNCTION", "BUCKET", "RECORDINGS_QUEUE_URL", "RECORDING_STORAGES", "RECORDING_TARGET",
            *INTERPRETATION,
        ),
        (
            Grant.objects("recordings/*", "s3:DeleteObject"),
            Grant.queue("recordings", "sqs:SendMessage"),
            Grant.function("archive"),
        ),
        optional=(
            Optional("HasRecordingArns", ("s3:DeleteObject",), ref("RecordingArns")),
            *TELLS_TARGET,
        ),
        concurrency=1,
        retries=2,
    ),
    "archive": Lambda(
        Network.DATABASE,
        ("ARCHIVER_DATABASE_URL", "ARCHIVE", "BUCKET"),
        (Grant.objects("archive/*", "s3:GetObject", "s3:PutObject", "s3:DeleteObject"), TELLS_MISSING),
        # One archives, the other does what an operator orders meanwhile.
        concurrency=2,
        # The maintenance of the next hour starts it again.
        retries=0,
        layer="ArchiveLayer",
        # A day of a table is one file.
        disk=4_096,
    ),
    "replicate": Lambda(
        Network.OUTBOUND,
        (*RUNS, *CDR, "WRITER_DATABASE_URL", "LINK_SECRETS", "PUBLIC_URL", "SITE_ZONE"),
        (Grant.function("replicate"),),
        # A run that continues itself may meet the run of the next hour.
        concurrency=2,
        recursive=True,
        retries=2,
    ),
    "admin": Lambda(
        Network.OUTBOUND,
        (
            *TELPHIN, *CRM, *CDR, "DATABASE_URL", "READER_DATABASE_URL", "GATE_DATABASE_URL", "WRITER_DATABASE_URL",
            "OPERATOR_DATABASE_URL", "BUCKET", "EVENTS_QUEUE_URL", "PUBLIC_URL", "WEBHOOK_SECRETS", "LINK_SECRETS",
            "READER_CONNECTION_LIMIT", "BI_CONNECTION_LIMIT", "BI_STATEMENT_TIMEOUT", "ARCHIVER_DATABASE_URL",
            "ARCHIVE_FUNCTION",
            "SITE_ZONE", "NIMBOX_Z_IS_LOCAL", "RECORDINGS_QUEUE_URL", "RECORDING_STORAGES",
            *INTERPRETATION,
        ),
        (
            Grant.objects("webhooks/*", "s3:PutObject"),
            Grant.objects("recordings/*", "s3:DeleteObject"),
            Grant.objects("incoming/*", "s3:DeleteObject"),
            Grant.objects("faxes/*", "s3:PutObject"),
            Grant.queue("call-events", "sqs:GetQueueAttributes", "sqs:SendMessage"),
            Grant.queue(
                "call-events-dead", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ReceiveMessage",
                "sqs:ChangeMessageVisibility", "sqs:DeleteMessage",
            ),
            Grant.function("archive"),
        ),
        optional=(Optional("HasRecordingArns", ("s3:DeleteObject",), ref("RecordingArns")),),
        # Kept for the operator, above all while the account has no execution left.
        concurrency=2,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class EventQueue:
    """A queue with its dead-letter queue, the Lambda that consumes it, and the number of receives."""

    #: Empty when the consumer is outside the stack.
    consumer: str = ""
    #: The limit of concurrent invocations: a parameter or a number (2 or more).
    concurrency: Any = None
    receives: int = 5
    #: The visibility timeout of a queue without a consumer here, in seconds.
    visibility_seconds: int = 30
    #: How long a message is kept, in seconds: fourteen days, unless it is of no use so late.
    retention_seconds: int = 14 * 86_400


#: Name in `app.py` -> queue.
QUEUES: dict[str, EventQueue] = {
    # Messages come back every six minutes while the database is away, and ingest sets aside those that fail. SQS allows
    # a thousand receives: four days.
    "call-events": EventQueue("ingest", ref("IngestConcurrency"), receives=1_000),
    "recordings": EventQueue("recorder", ref("RecorderConcurrency")),
    # Orders expire within a minute. This long they show the alarm of old messages that no agent program reads them.
    "call-control": EventQueue(retention_seconds=1_800),
}
#: The queue of orders, which agent programs beside PBXs read, and the rights that they need there.
AGENTS_QUEUE = "call-control"
AGENTS_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage")
#: The queue of asynchronous invocations that failed for good, with their events and reasons.
LOST_INVOCATIONS = "lost-invocations"
