"""The stage: a gateway whose routes lead to the Lambdas that the template names, each with its own settings."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from socket import socket
from typing import Any

from chalicelib.application import Application
from infra.aws.intrinsics import Json, function_id
from infra.aws.lambdas import LAMBDAS
from infra.local.gateway import Gateway
from infra.local.local_lambda import Functions
from infra.rehearsal.cloud import Cloud

_INTEGRATION = re.compile(r"\$\{(\w+?)\.Alias\}/invocations")


class RehearsedStage:
    """The API and the Lambdas, as the packaged template connects them."""

    def __init__(self, app: Application, template: Json, cloud: Cloud, listener: socket) -> None:
        """Answer the clients of `listener` on the routes of `app`; `template` is the one before SAM's transform."""
        names = {cloud.function(name): name for name in LAMBDAS}
        self._account = cloud
        self.functions = Functions(self._environment, names)
        self.functions_url = self.functions.start(0)
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._gateway = Gateway(app, listener)
        app.__class__ = type("RoutedApp", (_Routed, app.__class__), {})
        routed: Any = app
        routed.functions, routed.owners = self.functions, _owners(template)
        self._gateway.start()

    def stop(self) -> None:
        """Stop the gateway and the Lambdas."""
        self._gateway.stop()
        self.functions.stop()

    def _environment(self, name: str) -> Mapping[str, str]:
        return {**self._account.environment(name), "AWS_ENDPOINT_URL_LAMBDA": self.functions_url}

    def invoke(self, name: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        """Run the Lambda `name` of app.py in a process with its settings, and return its answer."""
        ended = self.functions.run(name, json.dumps(event).encode())
        if ended.failed:
            raise RuntimeError(f"{name} failed: {ended.payload[:2_000].decode(errors='replace')}")
        return json.loads(ended.payload)


class _Routed:
    """An app whose requests are answered by the Lambda that owns their route."""

    functions: Functions
    owners: Mapping[tuple[str, str], str]

    def __call__(self, event: dict[str, Any], _context: object) -> dict[str, Any]:
        context = event["requestContext"]
        owner = self.owners.get((context["resourcePath"], context["httpMethod"].lower()))
        if owner is None:
            return _refused(403, "gateway-refused", "Missing Authentication Token")
        ended = self.functions.run(owner, json.dumps(event).encode())
        if ended.failed:
            return _refused(502, "gateway-failed", "Internal server error")
        answer: dict[str, Any] = json.loads(ended.payload)
        return answer


def _refused(status: int, word: str, message: str) -> dict[str, Any]:
    """Return an answer of the gateway itself, as the template's GatewayResponses have it."""
    body = json.dumps({"error": word, "message": message})
    headers = {"Content-Type": "application/json"}
    return {"statusCode": status, "headers": headers, "multiValueHeaders": {}, "body": body}


def _owners(template: Json) -> dict[tuple[str, str], str]:
    """Return path and verb -> the Lambda of app.py that the template's definition leads to."""
    paths: Json = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    by_id = {function_id(name): name for name in LAMBDAS}
    return {
        (path, verb): by_id[_function(operation)] for path, verbs in paths.items() for verb, operation in verbs.items()
    }


def _function(operation: Json) -> str:
    found = _INTEGRATION.search(operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"])
    if found is None:
        raise LookupError(f"{operation} leads to no Lambda")
    return found[1]
