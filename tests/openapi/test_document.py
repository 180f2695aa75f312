"""The OpenAPI document agrees with the app."""

from __future__ import annotations

from collections import Counter
from typing import Any

from app import app
from chalicelib.documents.openapi_file import OPENAPI
from chalicelib.oktell.surface import COMMANDS
from infra.openapi.document import document, text
from infra.openapi.registry import SURFACES

OPERATIONS = [operation for surface in SURFACES for operation in surface.operations]


def test_the_stored_document_is_the_generated_one() -> None:
    """After a change of a declaration or a model, `python -m infra.openapi` writes the document anew."""
    assert OPENAPI.read_text("utf-8") == text()


def test_every_route_is_declared() -> None:
    """The declarations have every method of every route of the app, and no others. HEAD follows from GET."""
    served = {(method, path) for path, methods in app.routes.items() for method in methods}
    declared = {(operation.method, operation.route or operation.path) for operation in OPERATIONS}

    assert {each for each in served if each[0] not in {"OPTIONS", "HEAD"}} == {
        each for each in declared if each[0] != "HEAD"
    }
    assert {path for method, path in declared if method == "HEAD"} <= {
        path for method, path in served if method == "HEAD"
    }


def test_every_command_is_declared() -> None:
    """The commands of Oktell's interface share one route, and each has its own path in the document."""
    paths = {operation.path.strip("/") for operation in OPERATIONS if operation.route == "/{command}"}
    assert paths == set(COMMANDS)


def test_operations_have_different_names() -> None:
    """Generated clients name their methods after `operationId`."""
    names = Counter(each["operationId"] for methods in document()["paths"].values() for each in methods.values())
    assert [name for name, count in names.items() if count > 1] == []


def test_every_value_of_a_path_is_declared() -> None:
    """The parameters of a path are those between its braces."""
    wrong = [
        operation.path
        for operation in OPERATIONS
        if {p.name for p in operation.parameters if p.place == "path"}
        != {part.strip("{}") for part in operation.path.split("/") if part.startswith("{")}
    ]
    assert wrong == []


def test_every_reference_has_a_target() -> None:
    """Each `$ref` of the document leads to one of its components."""
    whole = document()
    targets = {f"#/components/{kind}/{name}" for kind, parts in whole["components"].items() for name in parts}
    assert set(_references(whole)) <= targets


def _references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for part in value for found in _references(part)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [found for part in value.values() for found in _references(part)]
