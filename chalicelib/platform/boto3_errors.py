"""The errors of boto3's clients in terms of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.errors import Unavailable


@contextmanager
def translated(sentence: str) -> Iterator[None]:
    """Raise botocore's errors as Unavailable with this sentence, such as `The queue service does not answer`."""
    # A cold start pays for botocore only where a client of boto3 is used.
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except (BotoCoreError, ClientError) as fault:
        raise Unavailable(sentence) from fault
