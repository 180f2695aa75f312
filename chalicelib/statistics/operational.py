"""The entity `operational`: what goes on now, as far as events prove it, and today's figures. One query for an action.

An answer has the times at which states began; `seconds` beside them saves clients the subtraction. The ETag leaves out
what only the time changes, so it stays while nothing happens.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chalicelib.errors import QueryFailed
from chalicelib.platform.postgres import DatabaseError
from chalicelib.statistics import requests
from chalicelib.statistics.answer import CLOSING, OPENING, InlineAnswer, Unchanged
from chalicelib.statistics.context import AnyAnswer, Context
from chalicelib.statistics.reader import reader

_FOLDER = Path(__file__).with_name("operational")

#: The actions; each has a statement in the folder and a model of its answer in `operational_answers`.
ACTIONS = ("summary", "calls", "queues", "agents")
_VOLATILE = frozenset({"at", "seconds", "longest_wait", "until"})
_WEEK = timedelta(days=7)


def answer(action: str, options: Mapping[str, Any], context: Context) -> AnyAnswer:
    """Return the present state that `action` names, or Unchanged.

    Raise InvalidRequest for an option, QueryFailed, Unavailable, UnsafeRole.
    """
    requests.validated(requests.NoOptions, dict(options), "options.")
    content = state(action, context)
    etag = _etag(action, content)
    if context.is_current(etag):
        context.notes["unchanged"] = True
        return Unchanged(etag)
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return InlineAnswer(f"{OPENING}{body}{CLOSING}", etag=etag)


def state(action: str, context: Context) -> dict[str, Any]:
    """Return the content of the answer. Raise QueryFailed, Unavailable, UnsafeRole."""
    connection, _ = reader()
    statement = (_FOLDER / f"{action}.sql").read_text("utf-8")
    try:
        found: dict[str, Any] = connection.execute(statement, _moments(context))[0][0]
    except DatabaseError as error:
        context.notes["sqlstate"] = error.sqlstate
        message = "the present state could not be read; the log has the details"
        raise QueryFailed(message, details=error.primary) from None
    return {"at": _text(context.now), "zone": context.settings.site_zone.key, **found}


def _moments(context: Context) -> dict[str, object]:
    """Return the times that the statements compare with, naive UTC: a day begins at the site's midnight."""
    local = context.now.astimezone(context.settings.site_zone)
    today = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "now": _naive(context.now),
        "today": _naive(today),
        # By the site's clock, so that a change to summer time moves nothing.
        "week_ago": _naive(local - _WEEK),
        "day_week_ago": _naive(today - _WEEK),
        "yesterday": _naive(context.now - timedelta(days=1)),
        "talk_age": timedelta(seconds=context.settings.call_age_seconds),
    }


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _text(moment: datetime) -> str:
    return f"{_naive(moment).isoformat(timespec='seconds')}"


def _etag(action: str, content: Mapping[str, Any]) -> str:
    lasting = json.dumps([action, _lasting(content)], sort_keys=True, ensure_ascii=False).encode()
    return f'W/"{hashlib.sha256(lasting).hexdigest()[:32]}"'


def _lasting(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a value without what changes while nothing happens."""
    if isinstance(value, Mapping):
        return {name: _lasting(part) for name, part in value.items() if name not in _VOLATILE}
    return [_lasting(part) for part in value] if isinstance(value, list) else value
