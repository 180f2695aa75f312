"""The dispatch of a request `{entity, action, options}`. A new entity or action is one function and one line here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import Refused
from chalicelib.settings import Settings
from chalicelib.statistics import parameters, query, requests
from chalicelib.statistics.answer import CLOSING, OPENING, StoredAnswer
from chalicelib.statistics.execution import Notes, Query
from chalicelib.statistics.guard import ANY_BEGINNING


@dataclass(frozen=True)
class Context:
    """The circumstances of a request.

    `protocol_beginnings` tells whether the protocol's rule for the first words of a query applies.
    """

    request_id: str
    settings: Settings
    notes: Notes
    protocol_beginnings: bool = True


Options = dict[str, Any]
Action = Callable[[Options, Context], str | StoredAnswer]


def answer(body: bytes, context: Context) -> str | StoredAnswer:
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
    context.notes["action"] = f"{request.entity}/{request.action}"
    return action(request.options, context)


def envelope(data: object) -> str:
    """Return the successful envelope around `data`."""
    return f"{OPENING}{json.dumps(data, ensure_ascii=False)}{CLOSING}"


def _chronological_data(options: Options, context: Context) -> str | StoredAnswer:
    return query.rows(_query(options, context, "data"), context.settings, context.notes)


def _chronological_quantity(options: Options, context: Context) -> str | StoredAnswer:
    return envelope(query.quantity(_query(options, context, "quantity"), context.settings, context.notes))


ENTITIES: dict[str, dict[str, Action]] = {
    "chronological": {"data": _chronological_data, "quantity": _chronological_quantity},
}


def _query(options: Options, context: Context, action: str) -> Query:
    chosen = requests.validated(requests.ChronologicalOptions, options, "options.")
    text = chosen.psql if chosen.params is None else parameters.bound(chosen.psql, chosen.params)
    return Query(text, action if context.protocol_beginnings else ANY_BEGINNING, context.request_id)


def _quoted(word: str) -> str:
    return json.dumps(word[:60], ensure_ascii=True)
