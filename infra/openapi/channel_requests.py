"""The requests of the channel's entities besides `chronological`, as pydantic models."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from chalicelib.statistics.report_actions import RunOptions, ShowOptions
from chalicelib.statistics.report_definitions import ReportDefinition
from chalicelib.statistics.requests import NoOptions


def _example(entity: str, action: str, options: dict[str, Any] | None = None) -> ConfigDict:
    content: dict[str, Any] = {"entity": entity, "action": action, **({"options": options} if options else {})}
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [content]})


class OperationalRequest(BaseModel):
    """The present state: today's figures, live calls, queues or agents."""

    model_config = _example("operational", "summary")

    entity: Literal["operational"]
    action: Literal["summary", "calls", "queues", "agents"]
    options: NoOptions = NoOptions()


class SchemaRequest(BaseModel):
    """The tables and views, and what a query may use."""

    model_config = _example("schema", "data")

    entity: Literal["schema"]
    action: Literal["data"]
    options: NoOptions = NoOptions()


class ListReportsRequest(BaseModel):
    """The saved reports."""

    model_config = _example("reports", "list")

    entity: Literal["reports"]
    action: Literal["list"]
    options: NoOptions = NoOptions()


class RunReportRequest(BaseModel):
    """The rows of a saved report."""

    model_config = _example("reports", "run", {"name": "not-called-back", "params": {"from": "-7d"}})

    entity: Literal["reports"]
    action: Literal["run"]
    options: RunOptions


class NamedReportRequest(BaseModel):
    """One saved report: its definition, or its removal."""

    model_config = _example("reports", "show", {"name": "heat-map"})

    entity: Literal["reports"]
    action: Literal["show", "remove"]
    options: ShowOptions


class SaveReportRequest(BaseModel):
    """A report to save in place of an earlier one of its name."""

    model_config = _example(
        "reports",
        "save",
        {"name": "long-calls", "title": "Long calls", "psql": "select * from calls.success where invitedt >= :from"},
    )

    entity: Literal["reports"]
    action: Literal["save"]
    options: ReportDefinition
