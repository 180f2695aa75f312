"""Orders to the archive's Lambda, which alone has pyarrow and the rights to the archive's files."""

from __future__ import annotations

from typing import Any

from chalicelib.errors import Misconfigured, RingledgerError
from chalicelib.platform import configuration, functions

Answer = dict[str, Any]


class OrderFailed(RingledgerError):
    """The archive's Lambda could not do what was ordered; its log has the details."""

    code = "archive-order-failed"


def order(task: str, **parameters: object) -> Answer:
    """Have a task of `chalicelib/archive/tasks.py` done, and return its answer.

    Raises OrderFailed, Misconfigured without ARCHIVE_FUNCTION, and what `functions.invoke` raises.
    """
    return invoke({"task": task, **parameters})


def run() -> list[str]:
    """Have closed months archived, and return those that are done. Raises as `order` does."""
    archived: list[str] = invoke({}).get("archived", [])
    return archived


def invoke(event: dict[str, object]) -> Answer:
    """Run the archive's Lambda on `event`, and return its answer. Raises as `order` does."""
    name = configuration.current().archive_function
    if not name:
        raise Misconfigured("ARCHIVE_FUNCTION is not set: it is the name of the archive's Lambda function")
    answer = functions.invoke(name, event)
    if "error" in answer:
        raise OrderFailed(answer["error"])
    return answer
