"""CloudFormation's functions as Python functions, and the names that the template gives its resources."""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

#: Chalice chooses this name; every other Lambda has the name of its entry point in `app.py`.
API_HANDLER = "api_handler"
#: The alias of the version that the API invokes.
ALIAS = "live"
#: The policies of a resource with data: it outlives its stack, unless the stack's very creation fails. Otherwise the
#: names of a failed first deployment would be taken at the next try.
KEPT: Json = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}


def ref(name: str) -> Json:
    """Return a reference to a resource's id or a parameter's value."""
    return {"Ref": name}


def attribute(name: str, of: str) -> Json:
    """Return a reference to an attribute of a resource, such as its Arn."""
    return {"Fn::GetAtt": [name, of]}


def sub(text: str) -> Json:
    """Return text in which `${Name}` stands for a resource or a parameter."""
    return {"Fn::Sub": text}


def chosen(condition: str, then: Any, otherwise: Any) -> Json:  # noqa: ANN401 - any JSON
    """Return a choice between two values by a condition of the template."""
    return {"Fn::If": [condition, then, otherwise]}


ABSENT = ref("AWS::NoValue")


def logical(name: str) -> str:
    """Return the logical id of the resource that our tables call `name`: `call-events` -> `CallEvents`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))


def function_id(name: str) -> str:
    """Return the logical id that Chalice gives to the Lambda `name`."""
    return "APIHandler" if name == API_HANDLER else logical(name)


def queue_id(name: str) -> str:
    """Return the logical id of a queue; it differs from that of a Lambda with the same name."""
    return f"{logical(name)}Queue"


def physical(name: str) -> Json:
    """Return the name of the resource in the account; the stack's name in front keeps two stacks apart."""
    return sub(f"${{AWS::StackName}}-{name.replace('_', '-')}")
