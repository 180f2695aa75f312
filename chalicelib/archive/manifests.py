"""Manifests: which files the archive has of a month, with counts and checksums. They lie beside the data, as JSON.

    archive/table=calls.success/month=2024-01/part-0.parquet
    archive/manifests/calls/2024-01.json

A folder of a month has Parquet files only, so that engines read it as it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.archive.archived_months import Manifest
from chalicelib.archive.retirement import KINDS
from chalicelib.errors import RingledgerError
from chalicelib.platform import objects

PREFIX = "archive/"
LIMIT = 4_000_000
_TYPE = "application/json"


class NotArchived(RingledgerError):
    """The archive has no such month; `archive list` shows those it has."""

    code = "not-archived"
    status = 404


def key_of(kind: str, month: str) -> str:
    """Return the key of a month's manifest; `month` is written as 2024-01."""
    return f"{PREFIX}manifests/{kind}/{month}.json"


def file_key(table: str, month: str, number: int) -> str:
    """Return the key of a Parquet file."""
    return f"{PREFIX}table={table}/month={month}/part-{number}.parquet"


def read(bucket: str, kind: str, month: str) -> Manifest:
    """Return a month's manifest. Raises NotArchived and Unavailable."""
    content = objects.read(bucket, key_of(kind, month), LIMIT)
    if content is None:
        raise NotArchived(f"The archive has no {kind} of {month}; `archive list` shows what it has")
    return Manifest.model_validate_json(content)


def write(bucket: str, manifest: Manifest) -> None:
    """Store a manifest in place of the month's earlier one. Raises Unavailable."""
    objects.write(bucket, key_of(manifest.kind, manifest.month), manifest.model_dump_json(indent=1).encode(), _TYPE)


def listing(bucket: str) -> Iterator[Manifest]:
    """Return every manifest of the archive, by kind and month. Raises Unavailable."""
    for kind in KINDS:
        prefix = f"{PREFIX}manifests/{kind}/"
        for key in objects.keys(bucket, prefix):
            yield read(bucket, kind, key.removeprefix(prefix).removesuffix(".json"))
