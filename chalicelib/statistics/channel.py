"""The dispatch of a request `{entity, action, options}`. A new entity or action is one function and one line here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from chalicelib.errors import Forbidden, Refused
from chalicelib.statistics import chronological, operational, report_actions, requests, schema
from chalicelib.statistics.context import REPORTS, STATISTICS, AnyAnswer, Context


class ActionEntry(NamedTuple):
    """An action, and the scopes of which a token needs one."""

    run: Callable[[dict[str, Any], Context], AnyAnswer]
    scopes: tuple[str, ...] = (STATISTICS,)


def answer(body: bytes, context: Context) -> AnyAnswer:
    """Return the answer for the request in `body`, or its place in S3, or Unchanged for a client that has it.

    Raise InvalidRequest when the body is not JSON or not of the documented shape, Refused for an unknown entity or
    action, and the errors of the action. Source: the statistics channel's protocol, section on requests.
    """
    request = requests.parsed(body)
    context = replace(context, body=body)
    actions = ENTITIES.get(request.entity)
    if actions is None:
        raise Refused(f"unknown entity {_quoted(request.entity)}; known: {', '.join(ENTITIES)}")
    action = actions.get(request.action)
    if action is None:
        known = ", ".join(actions)
        raise Refused(f"unknown action {_quoted(request.action)} of entity {request.entity}; known: {known}")
    if not set(action.scopes) & set(context.scopes):
        raise Forbidden(f"The token lacks the scope {action.scopes[0]}; it has {', '.join(context.scopes)}")
    context.notes["action"] = f"{request.entity}/{request.action}"
    return action.run(request.options, context)


ENTITIES: dict[str, dict[str, ActionEntry]] = {
    "chronological": {
        "data": ActionEntry(chronological.data),
        "quantity": ActionEntry(chronological.quantity),
    },
    "operational": {name: ActionEntry(partial(operational.answer, name)) for name in operational.ACTIONS},
    "reports": {
        "list": ActionEntry(report_actions.listing, (STATISTICS, REPORTS)),
        "show": ActionEntry(report_actions.show, (STATISTICS, REPORTS)),
        "run": ActionEntry(report_actions.run),
        "save": ActionEntry(report_actions.save, (REPORTS,)),
        "remove": ActionEntry(report_actions.remove, (REPORTS,)),
    },
    "schema": {"data": ActionEntry(schema.answer, (STATISTICS, REPORTS))},
}


def _quoted(word: str) -> str:
    return json.dumps(word[:60], ensure_ascii=True)
