"""The Lambda of the archive, the only one with pyarrow: it archives closed months, and does tasks of operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib import edge, metrics
from chalicelib.archive import retirement, tasks
from chalicelib.errors import RingledgerError
from chalicelib.platform import configuration


def handle(event: dict[str, Any], remaining: Callable[[], float]) -> dict[str, Any]:
    """Do the task of `event`, or archive closed months when it names none; `remaining` returns the seconds left.

    The error of a task is a part of its answer. Raises what `archiving.run` raises.
    """
    if "task" in event:
        return _answered(event)
    if not configuration.current().archive:
        return {}
    return {"archived": archive(remaining)}


def archive(remaining: Callable[[], float]) -> list[str]:
    """Archive the closed months while there is time, and return those that are done."""
    archiver = tasks.archiver()
    if not retirement.waiting(archiver):
        return []
    from chalicelib.archive import archiving  # noqa: PLC0415 - pyarrow is loaded only when there is work

    done = archiving.run(archiver, configuration.current().bucket, remaining)
    metrics.publish("archive", {"months_archived": len(done)})
    edge.logger().info("archive", extra={"surface": "archive", "archived": done})
    return done


def _answered(event: dict[str, Any]) -> dict[str, Any]:
    try:
        return tasks.perform(event)
    except RingledgerError as fault:
        edge.logger().exception("archive", extra={"surface": "archive", "task": event["task"]})
        return {"error": fault.message}
