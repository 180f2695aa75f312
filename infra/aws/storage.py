"""Storage: queues with their dead letters, the bucket, the secrets."""

from __future__ import annotations

from typing import Any

from infra.aws.intrinsics import ABSENT, KEPT, Json, attribute, chosen, logical, physical, queue_id, ref, sub
from infra.aws.lambdas import AGENTS_ACTIONS, AGENTS_QUEUE, LOST_INVOCATIONS, QUEUES
from infra.aws.variables import MEMBERS

#: Lambda requires a visibility timeout of this many timeouts of the consumer.
VISIBILITY_TIMEOUTS = 6
FOURTEEN_DAYS = 14 * 86_400
#: After this many days a recording is rarely played; S3 requires at least 30, and fewer than the shortest retention.
INFREQUENT_DAYS = 45
# Letters and digits only, since a password is part of a URL.
_RANDOM = {"PasswordLength": 40, "ExcludePunctuation": True}
ROLES = ("reader", "gate", "writer", "operator", "archiver")
#: Secrets of keys and links; each has several generations while it is rotated.
GENERATIONS = ("webhook", "link")
_GENERATION = {"GenerateSecretString": {**_RANDOM, "SecretStringTemplate": "{}", "GenerateStringKey": "1"}}
# An operator fills it. This text must never change: CloudFormation would overwrite the operator's value.
_EMPTY = {"SecretString": "{}"}


def queues(timeouts: dict[str, int]) -> Json:
    """Return each queue, its dead-letter queue, and the policy that refuses unencrypted requests.

    `timeouts` are those of the Lambdas, in seconds.
    """
    resources: Json = {queue_id(LOST_INVOCATIONS): _queue(LOST_INVOCATIONS, {})}
    for name, of in QUEUES.items():
        dead = f"{name}-dead"
        resources[queue_id(dead)] = _queue(dead, {})
        resources[queue_id(name)] = _queue(
            name,
            {
                "MessageRetentionPeriod": of.retention_seconds,
                "VisibilityTimeout": (
                    VISIBILITY_TIMEOUTS * timeouts[of.consumer] if of.consumer else of.visibility_seconds
                ),
                "RedrivePolicy": {
                    "deadLetterTargetArn": attribute(queue_id(dead), "Arn"),
                    "maxReceiveCount": of.receives,
                },
            },
        )
    resources["QueuesTlsOnly"] = {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [ref(queue_id(name)) for name in names()],
            "PolicyDocument": _tls_only("sqs:*", ["*"]),
        },
    }
    resources["CallControlAgentPolicy"] = {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "Description": "What the agent program beside a PBX needs",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": list(AGENTS_ACTIONS),
                        "Resource": attribute(queue_id(AGENTS_QUEUE), "Arn"),
                    }
                ],
            },
        },
    }
    return resources


def names() -> list[str]:
    """Return the names of all queues, dead-letter queues included."""
    return [*(name + end for name in QUEUES for end in ("", "-dead")), LOST_INVOCATIONS]


def _queue(name: str, properties: dict[str, Any]) -> Json:
    return {
        "Type": "AWS::SQS::Queue",
        **KEPT,
        "Properties": {
            "QueueName": physical(name),
            "MessageRetentionPeriod": FOURTEEN_DAYS,
            "SqsManagedSseEnabled": True,
            **properties,
        },
    }


def _tls_only(actions: str, resources: list[Any]) -> Json:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": actions,
                "Resource": resources,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def bucket() -> Json:
    """Return the bucket of recordings, large answers and the list of revoked keys."""
    return {
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            **KEPT,
            "Properties": {
                "PublicAccessBlockConfiguration": dict.fromkeys(
                    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
                ),
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}
                    ]
                },
                "VersioningConfiguration": {"Status": "Enabled"},
                "LifecycleConfiguration": {"Rules": _lifecycle()},
                "LoggingConfiguration": chosen(
                    "HasAccessLog",
                    {
                        "DestinationBucketName": ref("AccessLogBucket"),
                        "LogFilePrefix": sub("${AWS::StackName}/"),
                    },
                    ABSENT,
                ),
                # Requests end in a redirect to S3, and a browser that follows a redirect sends `Origin: null`.
                "CorsConfiguration": {
                    "CorsRules": [{"AllowedMethods": ["GET", "HEAD"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*"]}]
                },
            },
        },
        "BucketTlsOnly": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": ref("Bucket"),
                "PolicyDocument": _tls_only("s3:*", [attribute("Bucket", "Arn"), sub("${Bucket.Arn}/*")]),
            },
        },
    }


def _lifecycle() -> list[Json]:
    return [
        {"Id": "answers", "Status": "Enabled", "Prefix": "answers/", "ExpirationInDays": 1, **_versions(1)},
        {
            "Id": "recordings",
            "Status": "Enabled",
            "Prefix": "recordings/",
            "Transitions": [{"StorageClass": "STANDARD_IA", "TransitionInDays": INFREQUENT_DAYS}],
            # The second wall: maintenance deletes by each row's recexpirets, and notes it in the row.
            "ExpirationInDays": {"Fn::FindInMap": ["SecondWall", ref("RecordingDays"), "Days"]},
        },
        # Uploads whose call never came.
        {"Id": "incoming", "Status": "Enabled", "Prefix": "incoming/", "ExpirationInDays": 30, **_versions(1)},
        # A forgotten person's recording must not survive as an older version.
        {"Id": "leftovers", "Status": "Enabled", **_versions(7)},
        {"Id": "markers", "Status": "Enabled", "ExpiredObjectDeleteMarker": True},
    ]


def _versions(days: int) -> Json:
    return {
        "NoncurrentVersionExpiration": {"NoncurrentDays": days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": min(days, 2)},
    }


def secrets() -> Json:
    """Return the secrets: those of the database in RDS Proxy's shape, the others as the settings read them."""
    return {
        **{f"{logical(role)}Secret": _secret(role, f"The role ringledger_{role}", _password(role)) for role in ROLES},
        "OwnerSecret": _secret("owner", "The database's owner: its username and password", _EMPTY),
        **{
            f"{logical(name)}Secret": _secret(name, f"Generations of the {name} secret, the newest first", _GENERATION)
            for name in GENERATIONS
        },
        **{
            f"{logical(name)}Secret": _secret(name, f"Settings: {', '.join(members)}", _EMPTY)
            for name, members in MEMBERS.items()
        },
    }


def _password(role: str) -> Json:
    username = f'{{"username": "ringledger_{role}"}}'
    return {"GenerateSecretString": {**_RANDOM, "SecretStringTemplate": username, "GenerateStringKey": "password"}}


def _secret(name: str, description: str, content: Json) -> Json:
    return {
        "Type": "AWS::SecretsManager::Secret",
        **KEPT,
        "Properties": {"Name": sub(f"${{AWS::StackName}}/{name}"), "Description": description, **content},
    }
