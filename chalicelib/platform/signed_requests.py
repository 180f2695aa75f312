"""The requests to AWS that a person or a PBX waits for, signed here instead of by boto3.

A PBX waits for its webhook to reach SQS, a listener for a recording in S3, and every request for the secrets when a
Lambda starts. Importing boto3 and making one client takes 260 to 345 ms of CPU time on a new Lambda, several times as
long as everything else that the first webhook does; this module and urllib3 take about 25 ms. On a warm Lambda, a call
through boto3 takes about three times as long as the rest of the request. Everywhere else boto3 is used. See
docs/decisions/0001-direct-aws-requests.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from chalicelib import settings
from chalicelib.errors import Misconfigured, TooLarge, Unavailable
from chalicelib.platform import http, signatures
from chalicelib.platform.http import HttpAnswer, HttpClient, Peer
from chalicelib.platform.signatures import NO_OVERRIDES, Permission
from chalicelib.settings import AwsAccess

#: The longest message, in bytes (SQS quotas, 1 MiB).
MESSAGE_LIMIT = 1_048_576

# A sender of webhooks learns within two seconds that the queue is away.
QUEUES = Peer("The queue service", connect=0.5, answer=1.0, whole=2.0)
# Revoked keys are read while a PBX waits, recordings are looked up while a person does.
SMALL_OBJECTS = Peer("The object storage", connect=0.3, answer=0.5, whole=0.9)
RECORDINGS = Peer("The object storage", connect=3, answer=3, whole=6)
SECRETS = Peer("Secrets Manager", connect=5, answer=5, whole=10)
# An address that this process signs for itself is used at once.
OWN_SECONDS = 60

_SEND = {"content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage"}
_GET_SECRET = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "secretsmanager.GetSecretValue"}
# Matches sqs.REGION.amazonaws.com, the hosts of China's regions and those of VPC endpoints.
_REGION = re.compile(r"(?:.+\.)?sqs\.([a-z0-9-]+)\.(?:vpce\.)?amazonaws\.com(?:\.cn)?")
# The part of an answer that the log shows.
_REASON_BYTES = 300
_THROTTLED = b"ThrottlingException"


def send_message(queue_url: str, message: str) -> None:
    """Put `message`, ASCII text, into the queue; it may arrive twice.

    Raises TooLarge when SQS does not accept that size, Unavailable within two seconds when it does not accept it now,
    and Misconfigured without credentials or a region in the environment.
    """
    if len(message) > MESSAGE_LIMIT:
        raise TooLarge(f"The request takes {len(message)} bytes in the queue, which accepts {MESSAGE_LIMIT}")
    url, access = queue_service(queue_url)
    body = json.dumps({"QueueUrl": queue_url, "MessageBody": message}).encode()
    headers = signatures.signed(access, "sqs", {**_SEND, "host": urlsplit(url).netloc}, body, datetime.now(UTC))
    answer = http.client().ask(QUEUES, "POST", url, headers, body)
    if answer.status != HTTPStatus.OK:
        reason = answer.body[:_REASON_BYTES].decode(errors="replace")
        raise Unavailable("The queue service did not take the message", details=f"SQS: {answer.status} {reason}")


def queue_service(queue_url: str) -> tuple[str, AwsAccess]:
    """Return the address of the queue's service and the access to its region, which may differ from the Lambda's.

    Raises Misconfigured without credentials or a region in the environment.
    """
    access = settings.aws_access("sqs")
    access.check()
    place = urlsplit(access.endpoint or queue_url)
    region = queue_region(access.endpoint or queue_url)
    return f"{place.scheme}://{place.netloc}/", access._replace(region=region or access.region)


def queue_region(queue_url: str) -> str:
    """Return the region in a queue's URL, or an empty text when it contains none."""
    region = _REGION.fullmatch(urlsplit(queue_url).hostname or "")
    return region[1] if region else ""


def presign(method: str, bucket: str, key: str, seconds: int, overrides: Mapping[str, str] = NO_OVERRIDES) -> str:
    """Return an address at which `method`, and no other, works on the object.

    It works for `seconds`, or until the credentials expire. `overrides` are parameters of S3 such as
    `response-content-type`. Raises Misconfigured without credentials or a region in the environment.
    """
    access = settings.aws_access("s3")
    permission = Permission(method, signatures.object_address(access, bucket, key), overrides)
    return signatures.presigned(access, permission, seconds, datetime.now(UTC))


def object_size(bucket: str, key: str) -> int | None:
    """Return the size of an object in bytes, None when it does not exist. Raises Unavailable.

    Without the right to list the bucket (s3:ListBucket), S3 answers 403 for objects that do not exist.
    """
    answer = http.client().ask(RECORDINGS, "HEAD", presign("HEAD", bucket, key, OWN_SECONDS))
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    _check_found(answer)
    return int(answer.headers.get("Content-Length") or 0)


def read_object(bucket: str, key: str) -> bytes | None:
    """Return the content of a small object, None when it does not exist. Raises Unavailable after a second."""
    answer = http.client().ask(SMALL_OBJECTS, "GET", presign("GET", bucket, key, OWN_SECONDS))
    if answer.status == HTTPStatus.NOT_FOUND and b"<Code>NoSuchKey</Code>" in answer.body:
        return None
    _check_found(answer)
    return answer.body


def read_secret(client: HttpClient, access: AwsAccess, name: str) -> dict[str, str]:
    """Return the members of a secret of AWS Secrets Manager, which is a JSON object.

    Raises Unavailable when the service does not answer, Misconfigured when it refuses or the secret is no JSON object.
    """
    ours = f"https://secretsmanager.{access.region}.amazonaws.com{'.cn' * access.region.startswith('cn-')}"
    url = f"{(access.endpoint or ours).rstrip('/')}/"
    body = json.dumps({"SecretId": name}).encode()
    headers = {**_GET_SECRET, "host": urlsplit(url).netloc}
    answer = client.ask(
        SECRETS, "POST", url, signatures.signed(access, "secretsmanager", headers, body, datetime.now(UTC)), body
    )
    if answer.status in range(400, 500) and _THROTTLED not in answer.body:
        raise Misconfigured(f"Secrets Manager refuses the secret {name}: {_kind(answer.body)}")
    if answer.status != HTTPStatus.OK:
        raise Unavailable(f"Secrets Manager answers with status {answer.status}")
    try:
        members = json.loads(json.loads(answer.body)["SecretString"])
        return {str(member): str(value) for member, value in members.items()}
    except (ValueError, KeyError, AttributeError):
        raise Misconfigured(f"The secret {name} is not a JSON object") from None


def _check_found(answer: HttpAnswer) -> None:
    if answer.status != HTTPStatus.OK:
        raise Unavailable(f"The object storage answered with status {answer.status}")


def _kind(content: bytes) -> str:
    try:
        return str(json.loads(content)["__type"]).rpartition("#")[2]
    except (ValueError, KeyError, TypeError):
        return "it gives no reason"
