"""The entity `schema`: the tables and views with their columns, types and meanings, and what a query may use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.catalog import READABLE, TABLES, Columns
from chalicelib.settings import Settings
from chalicelib.statistics import descriptions, reference, requests
from chalicelib.statistics.answer import CLOSING, OPENING, InlineAnswer
from chalicelib.statistics.context import AnyAnswer, Context
from chalicelib.statistics.requests import QUERIES_LIMIT

#: Seconds within which a call is answered in time. The views of the schema metrics have this threshold.
SERVICE_LEVEL_SECONDS = 20


def answer(options: Mapping[str, Any], context: Context) -> AnyAnswer:
    """Return the schema in the channel's envelope. Raise InvalidRequest for an option."""
    requests.validated(requests.NoOptions, dict(options), "options.")
    body = json.dumps(described(context.settings), ensure_ascii=False, separators=(",", ":"))
    return InlineAnswer(f"{OPENING}{body}{CLOSING}")


def described(current: Settings) -> dict[str, object]:
    """Return the schema, in the form of the model `schema_answer.Schema`."""
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
