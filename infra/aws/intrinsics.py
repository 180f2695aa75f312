"""CloudFormation's own functions, as Python writes them, and the names that the template gives its resources."""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

#: Chalice names this one itself; every other Lambda is called as its entry point in `app.py` is.
API_HANDLER = "api_handler"


def ref(name: str) -> Json:
    """The resource's id or the parameter's value."""
    return {"Ref": name}


def attribute(name: str, of: str) -> Json:
    """An attribute of a resource, such as its Arn."""
    return {"Fn::GetAtt": [name, of]}


def sub(text: str) -> Json:
    """Text in which `${Name}` stands for a resource or a parameter."""
    return {"Fn::Sub": text}


def chosen(condition: str, then: Any, otherwise: Any) -> Json:  # noqa: ANN401 - any JSON
    """One of two values, as a condition of the template says."""
    return {"Fn::If": [condition, then, otherwise]}


ABSENT = ref("AWS::NoValue")


def logical(name: str) -> str:
    """The logical id of what is called `name` in our tables: `call-events` -> `CallEvents`."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[^A-Za-z0-9]+", name))


def function_id(name: str) -> str:
    """The logical id that Chalice gives to the Lambda `name`."""
    return "APIHandler" if name == API_HANDLER else logical(name)


def queue_id(name: str) -> str:
    """The logical id of a queue, which may be called as a Lambda is."""
    return f"{logical(name)}Queue"


def role_id(name: str) -> str:
    """The logical id that Chalice gives to its role."""
    return f"{logical(name)}Role"


def physical(name: str) -> Json:
    """What the resource is called in the account: the stack's name goes before, so that two stacks fit into one."""
    return sub(f"${{AWS::StackName}}-{name.replace('_', '-')}")
