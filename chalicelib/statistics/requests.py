"""The channel's request `{entity, action, options}` as pydantic models, and the error text for each wrong field."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.errors import InvalidRequest, Refused
from chalicelib.platform.models import DeferredModel
from chalicelib.statistics.unknown_names import first_repeated, unknown

EXAMPLE = '{"entity":"chronological","action":"data","options":{"psql":"select count(*) from calls.success"}}'


#: pydantic's names of the errors of a text with half of a surrogate pair, and of an unknown field.
_BROKEN_TEXT = "string_unicode"
_UNKNOWN = "extra_forbidden"


#: Queries in one request. A dashboard with more panels sends two requests.
QUERIES_LIMIT = 30


class Expected(NamedTuple):
    """The words for the valid values of a field, as in "options must be an object"."""

    words: str


class RequestModel(DeferredModel):
    """A part of a request."""

    model_config = ConfigDict(strict=True, extra="forbid")


class NoOptions(RequestModel):
    """The options of an action that has none."""


class ChannelRequest(RequestModel):
    """One request of the channel."""

    entity: Annotated[str, Expected("a text")]
    action: Annotated[str, Expected("a text")]
    options: Annotated[dict[str, Any], Expected("an object")] = Field(default_factory=dict)


class QuantityOptions(RequestModel):
    """The options of `chronological/quantity`."""

    psql: Annotated[str, Expected("a text: the query to run")]
    params: Annotated[
        dict[str, Any] | list[Any] | None,
        Expected("an object of values for :name, or an array of values for $1, $2, …"),
    ] = None


class FormatOptions(RequestModel):
    """The wanted form of an answer's rows."""

    format: Annotated[Literal["json", "csv", "ndjson", "columns"], Expected("json, csv, ndjson or columns")] = "json"
    bigint: Annotated[Literal["number", "text"], Expected("number or text")] = "number"
    excel: Annotated[bool, Expected("true or false")] = False


class DataOptions(FormatOptions, QuantityOptions):
    """The options of `chronological/data`."""


M = TypeVar("M", bound=BaseModel)


def parsed(body: bytes) -> ChannelRequest:
    """Return the request in `body`.

    A text in the JSON may contain line breaks, as the protocol document's own example does. Raise InvalidRequest when
    the body is not JSON or not of the documented shape.
    """
    content = _json(body)
    if not isinstance(content, dict):
        raise InvalidRequest("the body must be a JSON object with entity, action and options")
    return validated(ChannelRequest, content)


def validated(model: type[M], content: dict[str, Any], path: str = "") -> M:
    """Return `content` as `model`; `path` is written before the name of a field.

    Raise InvalidRequest for an unknown field or else the first wrong one, Refused for a text that has no encoding.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        # A misspelt field is missing under its right name, too.
        first = next((fault for fault in faults if fault["type"] == _UNKNOWN), faults[0])
        field = str(first["loc"][0])
        if first["type"] == _UNKNOWN:
            raise InvalidRequest(_unknown_field(field, model, path)) from None
        if first["type"] == _BROKEN_TEXT:
            raise Refused(f"{path}{field} contains half of a surrogate pair; send whole characters") from None
        expected = next(part for part in model.model_fields[field].metadata if isinstance(part, Expected))
        raise InvalidRequest(f"{path}{field} must be {expected.words}") from None


def _unknown_field(field: str, model: type[BaseModel], path: str) -> str:
    place = path.removesuffix(".")
    if not place:
        return unknown("field", field, model.model_fields, "a request has")
    return unknown("option", field, model.model_fields, f"{place} may have")


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON. Raise InvalidRequest for a repeated key: of its values all but one would be lost."""
    members = dict(pairs)
    if len(members) < len(pairs):
        repeated = first_repeated(name for name, _ in pairs)
        raise InvalidRequest(f"the body has the key {str(repeated)[:60]!a} twice in one object")
    return members


def _json(body: bytes) -> Any:  # noqa: ANN401 - any JSON
    # Repeats providers.text: its errors name an example, in the words of the channel.
    needed = f"the body must be JSON in UTF-8, such as {EXAMPLE}"
    try:
        return json.loads(body, strict=False, object_pairs_hook=_members)
    except json.JSONDecodeError as error:
        raise InvalidRequest(f"{needed}; line {error.lineno}, column {error.colno}: {error.msg}") from None
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{needed}; byte {error.start + 1} is not {error.encoding}") from None
    except RecursionError:
        raise InvalidRequest(f"{needed}; this one is nested too deeply") from None
