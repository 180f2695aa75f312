"""The dispatch of a request `{entity, action, options}`. A new entity or action is one function and one line here."""

from __future__ import annotations

import json
from collections.abc import Callable, MutableMapping
from typing import Any

from chalicelib.errors import Refused
from chalicelib.settings import Settings
from chalicelib.statistics import query, requests
from chalicelib.statistics.answer import CLOSING, OPENING, StoredAnswer
from chalicelib.statistics.execution import Query

Notes = MutableMapping[str, object]
Options = dict[str, Any]
Action = Callable[[Options, str, Settings, Notes], str | StoredAnswer]


def answer(body: bytes, request_id: str, current: Settings, notes: Notes) -> str | StoredAnswer:
    """Return the envelope for the request in `body`, or its place in S3.

    Raise InvalidRequest when the body is not JSON or not of the documented shape, Refused for an unknown entity or
    action, and the errors of the action. Source: the statistics channel's protocol, section on requests.
    """
    request = requests.parsed(body)
    actions = ENTITIES.get(request.entity)
    if actions is None:
        raise Refused(f"unknown entity {_quoted(request.entity)}; known: {', '.join(ENTITIES)}")
    action = actions.get(request.action)
    if action is None:
        known = ", ".join(actions)
        raise Refused(f"unknown action {_quoted(request.action)} of entity {request.entity}; known: {known}")
    notes["action"] = f"{request.entity}/{request.action}"
    return action(request.options, request_id, current, notes)


def envelope(data: object) -> str:
    """Return the successful envelope around `data`."""
    return f"{OPENING}{json.dumps(data, ensure_ascii=False)}{CLOSING}"


def _chronological_data(options: Options, request_id: str, current: Settings, notes: Notes) -> str | StoredAnswer:
    return query.rows(Query(_psql(options), "data", request_id), current, notes)


def _chronological_quantity(options: Options, request_id: str, current: Settings, notes: Notes) -> str | StoredAnswer:
    return envelope(query.quantity(Query(_psql(options), "quantity", request_id), current, notes))


ENTITIES: dict[str, dict[str, Action]] = {
    "chronological": {"data": _chronological_data, "quantity": _chronological_quantity},
}


def _psql(options: Options) -> str:
    return requests.validated(requests.ChronologicalOptions, options, "options.").psql


def _quoted(word: str) -> str:
    return json.dumps(word[:60], ensure_ascii=True)
