"""Whether an object is in S3: one round trip on a kept connection, without boto3, since a click waits for it.

Without the right to list the bucket (s3:ListBucket), S3 answers 403 for what is not there.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from chalicelib.errors import Unavailable
from chalicelib.platform import signing

SECONDS = 3
LIFE_SECONDS = 60


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], HTTPConnection] = {}


_of_thread = _OfThread()


def size(bucket: str, key: str) -> int | None:
    """The object's size in bytes, or None when there is none. Raises Unavailable."""
    address = urlsplit(signing.presign("HEAD", bucket, key, LIFE_SECONDS))
    place, target = (address.scheme, address.netloc), f"{address.path}?{address.query}"
    try:
        status, length = _asked(place, target)
    except (HTTPException, OSError):
        # A connection that was kept while the Lambda slept may be dead; that shows at once.
        close()
        try:
            status, length = _asked(place, target)
        except (HTTPException, OSError) as fault:
            close()
            raise Unavailable("The object storage does not answer") from fault
    if status == HTTPStatus.NOT_FOUND:
        return None
    if status != HTTPStatus.OK:
        raise Unavailable(f"The object storage answered with status {status}")
    return int(length or 0)


def close() -> None:
    """Keep no connection of this thread's any longer."""
    while _of_thread.kept:
        _of_thread.kept.popitem()[1].close()


def _asked(place: tuple[str, str], target: str) -> tuple[int, str | None]:
    scheme, host = place
    if place not in _of_thread.kept:
        kind = HTTPSConnection if scheme == "https" else HTTPConnection
        _of_thread.kept[place] = kind(host, timeout=SECONDS)
    connection = _of_thread.kept[place]
    connection.request("HEAD", target)
    response = connection.getresponse()
    response.read()
    return response.status, response.headers.get("Content-Length")
