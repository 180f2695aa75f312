"""The entity `schema`: the tables and views with their columns, types and meanings, and what a query may use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from chalicelib.catalog import READABLE, TABLES, Columns
from chalicelib.settings import Settings
from chalicelib.statistics import descriptions, reference, requests
from chalicelib.statistics.answer import CLOSING, OPENING, InlineAnswer
from chalicelib.statistics.batch import QUERIES_LIMIT
from chalicelib.statistics.context import AnyAnswer, Context

#: Seconds within which a call is answered in time. The views of the schema metrics have this threshold.
SERVICE_LEVEL_SECONDS = 20


class _Part(BaseModel):
    """A part of the schema. Its own schema is built when it is first used, since no Lambda start needs it."""

    model_config = ConfigDict(defer_build=True)


class Meaning(_Part):
    """A description in English and in Russian."""

    en: str
    ru: str


class ColumnSchema(_Part):
    """A column of a table."""

    name: str
    type: str = Field(description="its type in PostgreSQL")
    description: Meaning


class TableSchema(_Part):
    """A table or a view."""

    name: str = Field(description="as a query writes it, with the schema")
    kind: Literal["table", "view"]
    description: Meaning
    columns: list[ColumnSchema]


class SchemaPart(_Part):
    """A schema with its tables."""

    name: str
    description: Meaning
    tables: list[TableSchema]


class Schema(_Part):
    """Everything that a client needs to write queries."""

    zone: str = Field(description="the site's time zone; times in the tables are UTC")
    schemas: list[SchemaPart]
    functions: dict[str, list[str]] = Field(description="the allowed functions by purpose")
    types: list[str]
    operators: list[str]
    collations: list[str] = Field(description="those of the server")
    sampling_methods: list[str]
    limits: dict[str, int] = Field(description="limits of queries and answers: bytes, seconds or numbers")


def answer(options: Mapping[str, Any], context: Context) -> AnyAnswer:
    """Return the schema in the channel's envelope. Raise InvalidRequest for an option."""
    requests.validated(requests.NoOptions, dict(options), "options.")
    body = json.dumps(described(context.settings), ensure_ascii=False, separators=(",", ":"))
    return InlineAnswer(f"{OPENING}{body}{CLOSING}")


def described(current: Settings) -> dict[str, object]:
    """Return the schema, in the form of the model Schema."""
    usable = reference.reference()
    limits: dict[str, int] = reference.LIMITS | {
        "seconds of a query": current.statement_timeout,
        "bytes of an answer in the response": current.answer_limit,
        "bytes of an answer": current.spill_limit,
        "bytes of a row": current.row_limit,
        "queries of a request": QUERIES_LIMIT,
        "seconds of the service level": SERVICE_LEVEL_SECONDS,
    }
    return {
        "zone": current.site_zone.key,
        "schemas": [_schema(name) for name in READABLE],
        **{name.replace(" ", "_"): value for name, value in usable.items() if name != "limits"},
        "limits": limits,
    }


def _schema(schema: str) -> dict[str, object]:
    tables = [_table(schema, table, columns) for table, columns in READABLE[schema].items()]
    return {"name": schema, "description": descriptions.of(schema)._asdict(), "tables": tables}


def _table(schema: str, table: str, columns: Columns) -> dict[str, object]:
    return {
        "name": f"{schema}.{table}",
        "kind": "table" if schema in TABLES else "view",
        "description": descriptions.of(schema, table)._asdict(),
        "columns": [
            {"name": name, "type": kind, "description": descriptions.of(schema, table, name)._asdict()}
            for name, kind in columns
        ],
    }
