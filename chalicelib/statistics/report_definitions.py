"""Saved reports as data: a name, a title, a query and its typed parameters, checked before they are stored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, ValidationError

from chalicelib.errors import InvalidRequest, RingledgerError
from chalicelib.platform.models import DeferredModel
from chalicelib.statistics import guard, query_parameters
from chalicelib.statistics.guard import ANY_BEGINNING
from chalicelib.statistics.unknown_names import unknown

PARAMETERS_LIMIT = 20
Type = Literal["time", "until", "text", "integer", "number", "boolean"]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,40}$")]
Words = Annotated[str, StringConstraints(max_length=500)]
#: A value of each type that stands for any other one where a query is checked.
_SAMPLES: dict[str, object] = {
    "time": "2026-01-01T00:00:00", "until": "2026-01-02T00:00:00", "text": "x", "integer": 1, "number": 1.5,
    "boolean": True,
}  # fmt: skip
#: Words of the address that are no parameters of a report.
RESERVED = frozenset({"bigint", "excel", "format", "redirect", "token"})
#: pydantic's name of the error of an unknown field.
_UNKNOWN = "extra_forbidden"
_WRONG_PARTS = {
    "name": "name must be 1 to 63 lower-case letters, digits and hyphens, such as calls-per-hour",
    "psql": "psql must be a text: the query of the report",
}


class UnknownReport(RingledgerError):
    """There is no report of this name; `GET /reports` lists them."""

    code = "unknown-report"
    status = 404


class _Model(DeferredModel):
    """A part of a report."""

    model_config = ConfigDict(extra="forbid")


class Title(_Model):
    """A text in English and in Russian; the English one is shown where the Russian one is empty."""

    en: Words
    ru: Words = ""


class ReportParameter(_Model):
    """A parameter of a report, written `:name` in its query."""

    name: ParameterName
    type: Type = Field(
        default="text",
        description="a `time` is the beginning of a date, `until` its end; both are times in the site's zone",
    )
    default: str | int | float | bool | None = Field(
        default=None, description="the value without another one; null is NULL in the query"
    )
    required: bool = False
    title: Title = Title(en="")


@lru_cache(maxsize=1)
def standard_parameters() -> tuple[ReportParameter, ...]:
    """Return the parameters that every query may use without declaring them."""
    return (
        ReportParameter(name="from", type="time", default="-29d", title=Title(en="From", ru="Начало")),
        ReportParameter(name="to", type="until", default="today", title=Title(en="To", ru="Конец")),
    )


#: The site's time zone, or that of the request.
ZONE = "zone"


class ReportDefinition(_Model):
    """A saved query. It may use `:from`, `:to` and `:zone` without declaring them."""

    name: Name
    title: Title
    description: Title = Title(en="")
    psql: Annotated[str, StringConstraints(min_length=1, max_length=guard.TEXT_LIMIT)]
    parameters: list[ReportParameter] = Field(default=[], max_length=PARAMETERS_LIMIT)

    def every_parameter(self) -> list[ReportParameter]:
        """Return the standard parameters that the query uses, and the declared ones."""
        declared = {parameter.name for parameter in self.parameters}
        used = query_parameters.names(self.psql)
        standard = [each for each in standard_parameters() if each.name in used and each.name not in declared]
        return [*standard, *self.parameters]


class ReportSummary(ReportDefinition):
    """A report as `reports/list` and `GET /reports` describe it."""

    origin: Literal["ringledger", "saved"]
    changed_at: str | None
    changed_by: str | None = Field(description="the token that saved it")
    parameters: list[ReportParameter] = Field(description="every parameter, also `from` and `to`")
    title: Title


_PARTS: dict[str, type[DeferredModel]] = {"title": Title, "description": Title, "parameters": ReportParameter}


def read(content: object) -> ReportDefinition:
    """Return `content`, which came from outside, as a report that may be stored.

    A plain text is a title too. Raise InvalidRequest for a wrong part, and Refused for a query that the guard refuses.
    """
    if not isinstance(content, dict):
        raise InvalidRequest("a report must be a JSON object with name, title and psql")
    try:
        definition = ReportDefinition.model_validate(_with_titles(content))
    except ValidationError as error:
        raise InvalidRequest(_words_for(error)) from None
    check(definition)
    return definition


def check(definition: ReportDefinition) -> None:
    """Check a report's parameters and its query. Raise InvalidRequest and Refused."""
    declared = [parameter.name for parameter in definition.parameters]
    known = {parameter.name: parameter.type for parameter in definition.every_parameter()} | {ZONE: "text"}
    used = query_parameters.names(definition.psql)
    faults = {
        "parameters: {} is declared twice": [name for name in declared if declared.count(name) > 1],
        "parameters: {} is a word with a meaning of its own": RESERVED.union({ZONE}).intersection(declared),
        "the query uses :{}, which parameters does not declare": used.difference(known),
        "parameters: {} is declared, and the query does not use it": set(declared).difference(used),
    }
    for words, names in faults.items():
        if names:
            raise InvalidRequest(words.format(min(names)))
    values = {name: "UTC" if name == ZONE else _SAMPLES[known[name]] for name in used}
    guard.check(query_parameters.bound(definition.psql, values), ANY_BEGINNING)


def _with_titles(content: Mapping[str, Any]) -> dict[str, Any]:
    titled = {name: {"en": value} if isinstance(value, str) else value for name, value in content.items()
              if name in {"title", "description"}}  # fmt: skip
    return {**content, **titled}


def _words_for(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_input=False)
    # A misspelt part is missing under its right name, too.
    first = next((fault for fault in faults if fault["type"] == _UNKNOWN), faults[0])
    place = ".".join(map(str, first["loc"]))
    if first["type"] == _UNKNOWN:
        whole = ".".join(map(str, first["loc"][:-1]))
        known = _PARTS.get(whole.partition(".")[0], ReportDefinition).model_fields
        return unknown("part", str(first["loc"][-1]), known, f"{whole or 'a report'} has")
    if first["type"] == "missing":
        return f"{place} is missing: a report has a name, a title and psql"
    return _WRONG_PARTS.get(place, f"{place}: {re.sub(r'^Input', 'it', first['msg'])}")
