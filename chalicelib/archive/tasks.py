"""The tasks of the archive's Lambda; where no Lambda is named, this process does them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.archive import manifests
from chalicelib.archive.manifests import ArchivedFile, Manifest
from chalicelib.errors import Misconfigured, RingledgerError
from chalicelib.platform import configuration, functions, postgres
from chalicelib.platform.postgres import Connection

Answer = dict[str, Any]
Event = Mapping[str, Any]


class TaskFailed(RingledgerError):
    """The archive's Lambda refused a task; its log has the details."""

    code = "archive-task-failed"


def order(task: str, **parameters: object) -> Answer:
    """Have a task done, by the Lambda of ARCHIVE_FUNCTION if there is one, and return its answer.

    Raises TaskFailed, Misconfigured where pyarrow is missing, and Unavailable.
    """
    name = configuration.current().archive_function
    event = {"task": task, **parameters}
    if not name:
        return perform(event)
    answer = functions.invoke(name, event)
    if "error" in answer:
        raise TaskFailed(answer["error"])
    return answer


def perform(event: Event) -> Answer:
    """Do one task in this process. Raises Misconfigured, ArchiveFault, NotArchived, Unavailable and DatabaseError."""
    current = configuration.current()
    if not current.bucket:
        raise Misconfigured("BUCKET is not set: it is the name of the bucket that has the archive")
    try:
        task = TASKS[str(event["task"])]
        return task(current.bucket, event)
    except ModuleNotFoundError as missing:
        raise Misconfigured(f"The archive needs the package {missing.name}: pip install pyarrow") from None


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
