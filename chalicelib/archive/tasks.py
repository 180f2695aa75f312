"""The tasks of the archive's Lambda. Only those that read or write Parquet files load pyarrow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.archive import manifests
from chalicelib.archive.archived_months import ArchivedFile, Manifest
from chalicelib.platform import configuration, postgres
from chalicelib.platform.postgres import Connection

Answer = dict[str, Any]
Event = Mapping[str, Any]


def perform(event: Event) -> Answer:
    """Do the task of `event`. Raises ArchiveFault, NotArchived, Unavailable and DatabaseError."""
    return TASKS[str(event["task"])](configuration.current().bucket, event)


def archiver() -> Connection:
    """Return this thread's connection of the archive's own role."""
    return postgres.connection(configuration.current().archiver_database_url)


def _list(bucket: str, _event: Event) -> Answer:
    return {"manifests": [manifest.model_dump(mode="json") for manifest in manifests.listing(bucket)]}


def _show(bucket: str, event: Event) -> Answer:
    return {"manifest": manifests.read(bucket, event["kind"], event["month"]).model_dump(mode="json")}


def _verify(bucket: str, event: Event) -> Answer:
    """Read every file of a month, and return the faults."""
    from chalicelib.archive import parquet_parts  # noqa: PLC0415 - pyarrow is loaded for this task only

    faults: list[str] = []
    for file in manifests.read(bucket, event["kind"], event["month"]).files:
        try:
            with parquet_parts.opened(bucket, file) as stored:
                sum(batch.num_rows for batch in parquet_parts.batches(stored))
        except parquet_parts.ArchiveFault as fault:
            faults.append(fault.message)
    return {"faults": faults}


def _fill(bucket: str, event: Event) -> Answer:
    from chalicelib.archive import refilling  # noqa: PLC0415 - as above

    file = ArchivedFile.model_validate(event["file"])
    return {"rows": refilling.fill(archiver(), bucket, file, event["place"])}


def _erase(bucket: str, event: Event) -> Answer:
    from chalicelib.archive import erasing  # noqa: PLC0415 - as above

    manifest: Manifest = manifests.read(bucket, event["kind"], event["month"])
    changed = erasing.erase(bucket, manifest, event["digits"], preview=event["preview"])
    return changed._asdict()


TASKS: dict[str, Callable[[str, Event], Answer]] = {
    "list": _list,
    "show": _show,
    "verify": _verify,
    "fill": _fill,
    "erase": _erase,
}
