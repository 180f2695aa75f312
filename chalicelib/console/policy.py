"""The content security policy of the page: nothing but its own files, the API, and the storages of recordings."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.platform import signatures
from chalicelib.recordings import storages
from chalicelib.settings import Settings, aws_access


def content_security_policy(settings: Settings) -> str:
    """Return the policy's header."""
    directives = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self'",
        "connect-src": "'self'",
        "media-src": " ".join(sorted({"'self'", *_storages(settings)})),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


def _storages(settings: Settings) -> Iterator[str]:
    """Yield the origins to which the addresses of recordings lead."""
    access = aws_access("s3")
    for bucket in storages.buckets(settings):
        address = signatures.object_address(access, bucket, "x")
        yield f"{address.scheme}://{address.host}"
