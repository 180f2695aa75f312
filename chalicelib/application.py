"""The application that `app.py` makes: the routes of its surfaces, and the Lambdas that answer them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any
from urllib.parse import unquote

from chalice.app import Chalice

from chalicelib import settings
from chalicelib.platform import chalice_command, cold_start, snapshots


class Application(Chalice):
    """Chalice with decoded path values (a REST API leaves them encoded) and with errors of one shape."""

    #: The name of a surface's entry point in `app.py` -> its module.
    surfaces: Mapping[str, str] = {}

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - Chalice's own
        """Declare no binary content type: Chalice would refuse clients whose Accept header lacks it."""
        chalice_command.refuse()
        super().__init__(*arguments, **options)
        self.api.binary_types = []

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own object
        """Answer one API Gateway event."""
        values = event.get("pathParameters") or {}
        event["pathParameters"] = {name: unquote(value) for name, value in values.items()}
        answer = super().__call__(event, context)
        ours = "X-Request-Id" in answer["headers"]
        return answer if ours else _reshaped(answer)

    def surface_lambda(self, name: str) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
        """Return the entry point of the Lambda `name`, which answers the routes mounted under its name."""

        def answer(event: dict[str, Any], context: object) -> dict[str, Any]:
            return self(event, context)

        # Chalice makes the handler's address of this name.
        answer.__name__ = name
        entry_point: Callable[[dict[str, Any], Any], dict[str, Any]] = self.lambda_function(name=name)(answer)
        return entry_point


def _reshaped(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an error of Chalice (wrong method, wrong content type) in our shape."""
    word = re.sub(r"(?<!^)(?=[A-Z])", "-", json.loads(answer["body"])["Code"].removesuffix("Error")).lower()
    message = json.loads(answer["body"])["Message"]
    return {**answer, "body": json.dumps({"error": word, "message": message})}


def mount(app: Application, surfaces: Mapping[str, str]) -> None:
    """Register the routes of each surface: `surfaces` maps the name of its entry point in `app.py` to its module.

    Inside a Lambda, only the surface of its own entry point is imported, which keeps the cold start short.
    """
    app.surfaces = surfaces
    serving = settings.lambda_handler().removeprefix("app.")
    if serving:
        snapshots.register()
    for entry_point, module in surfaces.items():
        if serving in {"", entry_point}:
            app.register_blueprint(import_module(module).routes)
    if serving:
        cold_start.end()
