"""The errors of boto3's clients in terms of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.errors import Unavailable

_LOG_IN = "log in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_EXPIRED = f"the login has expired: {_LOG_IN}"
_INVALID = f"AWS does not know these credentials: {_LOG_IN}"
_NO_CREDENTIALS = f"there are no AWS credentials: {_LOG_IN}"
#: botocore's exceptions and the codes of AWS's answers -> the cause in words that say what to do.
_CAUSES = {
    "NoRegionError": "no region is set: set AWS_REGION",
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": _NO_CREDENTIALS,
    "ProfileNotFound": "there is no such profile: see AWS_PROFILE",
    "SSOTokenLoadError": _EXPIRED,
    "TokenRetrievalError": _EXPIRED,
    "UnauthorizedSSOTokenError": _EXPIRED,
    "ExpiredToken": _EXPIRED,
    "ExpiredTokenException": _EXPIRED,
    "RequestExpired": _EXPIRED,
    "InvalidAccessKeyId": _INVALID,
    "InvalidClientTokenId": _INVALID,
    "InvalidSignatureException": _INVALID,
    "SignatureDoesNotMatch": _INVALID,
    "UnrecognizedClientException": _INVALID,
}


@contextmanager
def translated(sentence: str) -> Iterator[None]:
    """Raise botocore's errors as Unavailable with this sentence, such as `The queue service does not answer`.

    The cause goes into the details, since it can name accounts and resources.
    """
    # A cold start pays for botocore only where a client of boto3 is used.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except ClientError as fault:
        raise Unavailable(sentence, details=_cause_of_answer(fault)) from fault
    except BotoCoreError as fault:
        raise Unavailable(sentence, details=_CAUSES.get(type(fault).__name__, str(fault))) from fault


def _cause_of_answer(fault: Exception) -> str:
    answer: dict[str, str] = getattr(fault, "response", {}).get("Error", {})
    code = answer.get("Code", "")
    return _CAUSES.get(code) or ": ".join(filter(None, [code, answer.get("Message", "")]))
