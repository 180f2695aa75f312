# ruff: noqa: RUF001
"""The order of texts: the collations of the server, and Russian names."""

from __future__ import annotations

from typing import Any

import psycopg2
import pytest
import requests

from chalicelib.errors import Refused
from chalicelib.statistics import guard
from chalicelib.statistics.allowlist import ServerNames
from infra.local import collations
from tests.programs import missing
from tests.statistics.conftest import Ask

NAMES = "(values ('Яна'), ('борис'), ('Ёлкин'), ('Анна'), ('Жанна'), ('Егор')) v (name)"
ORDERED = ["Анна", "борис", "Егор", "Ёлкин", "Жанна", "Яна"]


def _listed(stack: dict[str, Any]) -> list[str]:
    return list(requests.get(f"{stack['url']}/statistics/functions", timeout=20).json()["collations"])


def test_every_listed_collation_works(stack: dict[str, Any], ask: Ask) -> None:
    """The reference lists the collations of the server, and each can be used."""
    listed = _listed(stack)
    assert {"C", "POSIX", "default", "ucs_basic"} <= set(listed)
    answers = [ask(f'select name from {NAMES} order by name collate "{name}"').json() for name in listed]
    assert [answer["error"] for answer in answers if not answer["success"]] == []


def test_russian_order_needs_no_collation(ask: Ask) -> None:
    """Names are sorted as a Russian reader expects on every server."""
    answer = ask(f"select name from {NAMES} order by replace(lower(name), 'ё', 'е'), name")
    assert [row["name"] for row in answer.json()["data"]] == ORDERED


def test_the_russian_collation(stack: dict[str, Any], ask: Ask) -> None:
    """Where the server has the collation it sorts, and elsewhere the refusal says how to sort without it."""
    answer = ask(f'select name from {NAMES} order by name collate "ru-x-icu"').json()
    if "ru-x-icu" in _listed(stack):
        assert [row["name"] for row in answer["data"]] == ORDERED
    else:
        assert "order by replace(lower(name), 'ё', 'е')" in answer["error"]


@pytest.mark.verify
def test_a_machine_with_the_russian_locale(stack: dict[str, Any]) -> None:
    """The local stack offers the locale under the name that servers with ICU have, at each of its starts."""
    collations.add(stack["database_url"])
    if "ru-x-icu" not in _listed(stack):
        missing("the locale ru_RU.UTF-8 of Debian's package locales is not there")
    with psycopg2.connect(stack["database_url"]) as owner, owner.cursor() as cursor:
        cursor.execute(f'select name from {NAMES} order by name collate "ru-x-icu"')
        assert [name for (name,) in cursor.fetchall()] == ORDERED
    owner.close()


def test_a_refusal_names_the_collations_of_the_server() -> None:
    """The guard allows what the server has, whatever its usual names are."""
    server = ServerNames(collations=frozenset({"C", "sv-x-icu"}))
    assert guard.check("select 'a' collate \"sv-x-icu\"", "data", server)
    with pytest.raises(Refused, match="this server has C and 1 others; GET /statistics/functions"):
        guard.check("select 'a' collate \"en-x-icu\"", "data", server)
