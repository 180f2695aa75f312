"""The reference page: HTML made from an OpenAPI document, without scripts and without other files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from html import escape
from typing import Any

Json = Mapping[str, Any]

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #0a6; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
code, pre { font: 0.875em/1.45 ui-monospace, monospace; background: var(--soft); border-radius: 4px; }
code { padding: 0.1em 0.3em; } pre { padding: 0.75rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; }
td, th { border-bottom: 1px solid var(--line); padding: 0.3rem 0.5rem; vertical-align: top; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; padding: 0.5rem 0.75rem; }
summary { cursor: pointer; } nav a { margin-right: 1rem; }
.method { color: var(--accent); display: inline-block; font-weight: 600; min-width: 4rem; }
"""


class ReferencePage:
    """The page of one document."""

    def __init__(self, document: Json) -> None:
        """Describe `document`."""
        self._document = document

    @cached_property
    def html(self) -> str:
        """Return the whole page."""
        info = self._document["info"]
        title = f"{escape(info['title'])} {escape(info['version'])}"
        links = "".join(f'<a href="#{escape(tag["name"])}">{escape(tag["name"])}</a>' for tag in self._document["tags"])
        return (
            f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
            f"<h1>{title}</h1><p>{_prose(info['description'])}</p>"
            f'<p>For programs: <a href="openapi.json">OpenAPI {escape(self._document["openapi"])}</a>.</p>'
            f"<nav>{links}</nav>"
            f"{''.join(self._surfaces())}{self._security()}{self._schemas()}</body></html>\n"
        )

    def _surfaces(self) -> Iterator[str]:
        for tag in self._document["tags"]:
            yield f'<h2 id="{escape(tag["name"])}">{escape(tag["name"])}</h2><p>{_prose(tag["description"])}</p>'
            for path, methods in self._document["paths"].items():
                for method, operation in methods.items():
                    if tag["name"] in operation["tags"]:
                        yield self._operation(path, method, operation)

    def _operation(self, path: str, method: str, operation: Json) -> str:
        return (
            f'<details id="{escape(operation["operationId"])}"><summary><span class="method">{method.upper()}</span>'
            f"<code>{escape(path)}</code> {_prose(operation['summary'])}</summary>"
            f"<p>{_prose(operation.get('description', ''))} {_authentication(operation)}</p>"
            f"{_parameters(operation)}{_body(operation)}{self._examples(operation)}{self._replies(operation)}</details>"
        )

    def _examples(self, operation: Json) -> str:
        contents = operation.get("requestBody", {}).get("content", {}).values()
        choices = [choice for each in contents for choice in each["schema"].get("anyOf", [each["schema"]])]
        schemas = self._document["components"]["schemas"]
        named = [schemas[choice["$ref"].rpartition("/")[2]] for choice in choices if "$ref" in choice]
        examples = [_pretty(example) for schema in named for example in schema.get("examples", ())]
        return "".join(f"<pre>{example}</pre>" for example in examples)

    def _replies(self, operation: Json) -> str:
        replies = {status: self._resolved(reply) for status, reply in operation["responses"].items()}
        rows = [
            [
                f"<code>{status}</code>",
                _prose(reply["description"]),
                _content(reply.get("content", {})),
                "<br>".join(f"<code>{escape(name)}</code>" for name in reply["headers"] if name != "X-Request-Id"),
            ]
            for status, reply in replies.items()
        ]
        return _table(("Status", "Meaning", "Content", "Headers"), rows)

    def _resolved(self, reply: Json) -> Json:
        shared: Json = self._document["components"]["responses"]
        return shared[reply["$ref"].rpartition("/")[2]] if "$ref" in reply else reply

    def _security(self) -> str:
        schemes = self._document["components"]["securitySchemes"]
        rows = [[f"<code>{escape(name)}</code>", _prose(scheme["description"])] for name, scheme in schemes.items()]
        return f'<h2 id="security">Authentication</h2>{_table(("Scheme", "Use"), rows)}'

    def _schemas(self) -> str:
        # A link to something inside opens the closed part around it.
        parts = [
            f"<details><summary><code>{escape(name)}</code> {_prose(schema.get('description', ''))}</summary>"
            f'<pre id="schema-{escape(name)}">{_pretty(schema)}</pre></details>'
            for name, schema in self._document["components"]["schemas"].items()
        ]
        return f'<h2 id="schemas">Schemas</h2>{"".join(parts)}'


def _authentication(operation: Json) -> str:
    schemes = [name for way in operation["security"] for name in way]
    if not schemes:
        return "No authentication."
    return "Authentication: " + " or ".join(f'<a href="#security">{escape(name)}</a>' for name in schemes) + "."


def _parameters(operation: Json) -> str:
    rows = [
        [
            f"<code>{escape(each['name'])}</code>",
            f"{escape(each['in'])}{', required' if each['required'] else ''}",
            _type(each["schema"]),
            _prose(each["description"]),
        ]
        for each in operation.get("parameters", ())
    ]
    return _table(("Parameter", "Place", "Type", "Meaning"), rows) if rows else ""


def _body(operation: Json) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    rows = [[f"<code>{escape(kind)}</code>", _type(each["schema"])] for kind, each in content.items()]
    return _table(("Body", "Type"), rows) if rows else ""


def _content(content: Json) -> str:
    return "<br>".join(f"<code>{escape(kind)}</code> {_type(each['schema'])}" for kind, each in content.items())


def _type(schema: Json) -> str:
    """Return a schema in few words, with links to the named ones."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    return escape(schema.get("type", "any"))


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    columns = "".join(f"<th>{name}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{columns}</tr>{body}</table>"


def _pretty(schema: Json) -> str:
    return escape(json.dumps(schema, indent=2, ensure_ascii=False))


def _prose(text: str) -> str:
    """Return a text as HTML; what stands between backticks is code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
