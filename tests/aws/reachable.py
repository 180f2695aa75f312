"""The reach of a Lambda's code, read from its source: AWS calls and settings on every path.

A unit is a module's function, class, or named constant; it reaches whatever unit it names, in its own module or through
an import. So a registry's entries count as called, and a class counts whole: more may be found than ever runs, never
less, as long as modules are not imported by computed names.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from functools import cache, lru_cache
from pathlib import Path

from chalicelib.settings import Settings

ROOT = Path(__file__).parents[2]
SETTINGS = {setting.name: str(setting.metadata["variable"]) for setting in fields(Settings)}
TARGET = re.compile(r"Amazon[A-Z]+\.\w+")
Unit = tuple[str, str]


@dataclass
class Module:
    """A module's units by name, and the origins of the names that it imports."""

    units: dict[str, list[ast.stmt]] = field(default_factory=dict)
    #: Local name -> dotted module and the name in it, which is empty for the module itself.
    imports: dict[str, Unit] = field(default_factory=dict)


@lru_cache(maxsize=1)
def modules() -> dict[str, Module]:
    """Return every module of the bundle by its dotted name."""
    paths = sorted((ROOT / "chalicelib").rglob("*.py"))
    names = {path: ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths}
    return {name: _module(ast.parse(path.read_text("utf-8")), set(names.values())) for path, name in names.items()}


def _module(tree: ast.Module, known: set[str]) -> Module:
    module = Module()
    for statement in tree.body:
        for name in _defined(statement):
            module.units.setdefault(name, []).append(statement)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in known:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                target = (whole, "") if whole in known else (node.module or "", alias.name)
                module.imports[alias.asname or alias.name] = target
    return module


def _defined(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Assign(targets=targets):
            yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name


def reachable(surface: str) -> set[Unit]:
    """Return every unit that the surface's module can reach."""
    waiting = [(surface, name) for name in modules()[surface].units]
    found: set[Unit] = set()
    while waiting:
        unit = waiting.pop()
        if unit not in found:
            found.add(unit)
            waiting += _named(unit)
    return found


@cache
def _named(unit: Unit) -> tuple[Unit, ...]:
    return tuple(_reached_from(unit))


def _reached_from(unit: Unit) -> Iterator[Unit]:
    module, name = unit
    if name not in modules()[module].units:
        return
    own = modules()[module]
    for node in _nodes(unit):
        if isinstance(node, ast.Name) and node.id in own.units:
            yield module, node.id
        elif isinstance(node, ast.Name) and (target := own.imports.get(node.id)):
            yield target if target[1] else (target[0], "")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            target_module, inner = own.imports.get(node.value.id, ("", ""))
            if target_module and not inner:
                yield target_module, node.attr


@cache
def _nodes(unit: Unit) -> tuple[ast.AST, ...]:
    module, name = unit
    return tuple(node for each in modules()[module].units.get(name, ()) for node in _without_annotations(each))


def _without_annotations(node: ast.AST) -> Iterator[ast.AST]:
    # A type in an annotation is not used.
    yield node
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _without_annotations(child)


def calls_of_aws(units: Iterable[Unit]) -> set[str]:
    """Return the operations of boto3's clients that these units call, by boto3's names.

    Of what is signed here: `presign:GET`, and the targets of requests in JSON, such as `AmazonSQS.SendMessage`.
    """
    found: set[str] = set()
    for unit in units:
        for node in _nodes(unit):
            match node:
                case ast.Attribute(value=ast.Call(func=ast.Name(id=name)), attr=operation) if name.endswith("client"):
                    found.add(operation)
                case ast.Attribute(
                    value=ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr="client")), attr=operation
                ) if module != "http":
                    found.add(operation)
                case ast.Call(
                    func=ast.Attribute(attr="presign") | ast.Name(id="presign"),
                    args=[ast.Constant(value=str(method)), *_],
                ):
                    found.add(f"presign:{method}")
                case ast.Call(func=ast.Attribute(attr="presign")):
                    found.add("presign:?")
                case ast.Constant(value=str(text)) if TARGET.fullmatch(text):
                    found.add(text)
    return found


def settings_read(units: Iterable[Unit]) -> set[str]:
    """Return the variables of the settings that these units read."""
    found: set[str] = set()
    for unit in units:
        known = set(_settings_names(unit))
        for node in _nodes(unit):
            if isinstance(node, ast.Attribute) and node.attr in SETTINGS and _is_settings(node.value, known):
                found.add(SETTINGS[node.attr])
    return found


def _settings_names(unit: Unit) -> Iterator[str]:
    module, name = unit
    for statement in modules()[module].units.get(name, ()):
        for node in ast.walk(statement):
            match node:
                case ast.arg(arg=argument, annotation=ast.Name(id="Settings")):
                    yield argument
                case ast.AnnAssign(target=ast.Name(id=target), annotation=ast.Name(id="Settings")):
                    yield target
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if _is_current(value):
                    yield target
                case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                    pairs = zip(targets, values, strict=False)
                    yield from (t.id for t, v in pairs if isinstance(t, ast.Name) and _is_current(v))


def _is_settings(node: ast.expr, known: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in known
    if isinstance(node, ast.Attribute):
        return node.attr in {"settings", "_settings", "current", "_current", "configured", "_configured"}
    return _is_current(node)


def _is_current(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="configuration"), attr="current")):
            return True
    return False


def texts(units: Iterable[Unit]) -> set[str]:
    """Return every text in these units except docstrings."""
    found: set[str] = set()
    for unit in units:
        nodes = _nodes(unit)
        described = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        found |= {
            node.value
            for node in nodes
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described
        }
    return found


def attributes(units: Iterable[Unit]) -> set[str]:
    """Return the names of all methods and attributes that these units use, of any object."""
    return {node.attr for unit in units for node in _nodes(unit) if isinstance(node, ast.Attribute)}
