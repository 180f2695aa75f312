"""The answer of the entity `schema`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from chalicelib.platform.models import DeferredModel


class Meaning(DeferredModel):
    """A description in English and in Russian."""

    en: str
    ru: str


class ColumnSchema(DeferredModel):
    """A column of a table."""

    name: str
    type: str = Field(description="its type in PostgreSQL")
    description: Meaning


class TableSchema(DeferredModel):
    """A table or a view."""

    name: str = Field(description="as a query writes it, with the schema")
    kind: Literal["table", "view"]
    description: Meaning
    columns: list[ColumnSchema]


class SchemaPart(DeferredModel):
    """A schema with its tables."""

    name: str
    description: Meaning
    tables: list[TableSchema]


class Schema(DeferredModel):
    """Everything that a client needs to write queries."""

    zone: str = Field(description="the site's time zone; times in the tables are UTC")
    schemas: list[SchemaPart]
    functions: dict[str, list[str]] = Field(description="the allowed functions by purpose")
    types: list[str]
    operators: list[str]
    collations: list[str] = Field(description="those of the server")
    sampling_methods: list[str]
    limits: dict[str, int] = Field(description="limits of queries and answers: bytes, seconds or numbers")
