"""The dispatch of a request `{entity, action, options}`. A new entity or action is one function and one line here."""

from __future__ import annotations

import json
from collections.abc import Callable, MutableMapping
from typing import Any

from chalicelib.errors import InvalidRequest, Refused
from chalicelib.settings import Settings
from chalicelib.statistics import query
from chalicelib.statistics.answer import CLOSING, OPENING, StoredAnswer

Notes = MutableMapping[str, object]
Options = dict[str, Any]
Action = Callable[[Options, str, Settings, Notes], str | StoredAnswer]


def answer(body: bytes, request_id: str, current: Settings, notes: Notes) -> str | StoredAnswer:
    """Return the envelope for the request in `body`, or its place in S3.

    Raise InvalidRequest when the body is not JSON or not of the documented shape, Refused for an unknown entity or
    action, and the errors of the action. Source: the statistics channel's protocol, section on requests.
    """
    request = _parsed(body)
    entity, action, options = (_field(request, name, kind) for name, kind in _SHAPE.items())
    actions = ENTITIES.get(entity)
    if actions is None:
        raise Refused(f"unknown entity {_quoted(entity)}; known: {', '.join(ENTITIES)}")
    if action not in actions:
        raise Refused(f"unknown action {_quoted(action)} of entity {entity}; known: {', '.join(actions)}")
    notes["action"] = f"{entity}/{action}"
    return actions[action](options, request_id, current, notes)


def envelope(data: object) -> str:
    """Return the successful envelope around `data`."""
    return f"{OPENING}{json.dumps(data, ensure_ascii=False)}{CLOSING}"


def _chronological_data(options: Options, request_id: str, current: Settings, notes: Notes) -> str | StoredAnswer:
    return query.rows(query.Query(_psql(options), "data", request_id), current, notes)


def _chronological_quantity(options: Options, request_id: str, current: Settings, notes: Notes) -> str | StoredAnswer:
    return envelope(query.quantity(query.Query(_psql(options), "quantity", request_id), current, notes))


ENTITIES: dict[str, dict[str, Action]] = {
    "chronological": {"data": _chronological_data, "quantity": _chronological_quantity},
}
_SHAPE: dict[str, type] = {"entity": str, "action": str, "options": dict}
_KINDS: dict[type, str] = {str: "a text", dict: "an object"}


def _parsed(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequest(
            'the body must be JSON in UTF-8, such as {"entity":"chronological","action":"data",'
            '"options":{"psql":"select count(*) from calls.success"}}'
        ) from None


def _field(request: Any, name: str, kind: type) -> Any:  # noqa: ANN401 - as above
    if not isinstance(request, dict):
        raise InvalidRequest("the body must be a JSON object with entity, action and options")
    if not isinstance(request.get(name), kind):
        raise InvalidRequest(f"{name} must be {_KINDS[kind]}")
    return request[name]


def _psql(options: Options) -> str:
    text = options.get("psql")
    if not isinstance(text, str):
        raise InvalidRequest("options.psql must be a text: the query to run")
    return text


def _quoted(word: str) -> str:
    return json.dumps(word[:60], ensure_ascii=True)
