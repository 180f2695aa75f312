"""The commands for saved reports of the statistics channel."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable
from typing import Any

from chalicelib.admin import questions
from chalicelib.admin.words import Subparsers, add, add_group, note, owner, say, table
from chalicelib.errors import InvalidRequest
from chalicelib.platform import configuration
from chalicelib.statistics import report_definitions, report_queries, report_store
from chalicelib.statistics.circumstances import Circumstances

OPERATOR = "operator"
_PARAMETER = re.compile(r"(?P<name>\w+)(?::(?P<type>\w+))?(?P<required>!)?(?:=(?P<default>.*))?", re.ASCII | re.DOTALL)
_PARAMETER_HELP = (
    "NAME:TYPE, NAME:TYPE=DEFAULT, or NAME:TYPE! for a required one; TYPE is time, until, text, integer, number or "
    "boolean; repeatable"
)


def add_to(commands: Subparsers[argparse.ArgumentParser]) -> None:
    """Add the command `report` and its subcommands."""
    under = add_group(commands, "report", "saved reports", "Administer the saved reports of the statistics channel.")
    command = add(under, "add", _add, "save a report, in place of an earlier one of its name")
    command.add_argument("name", metavar="NAME", help="lower-case letters, digits and hyphens")
    command.add_argument("--title", help="what the report shows; the name by default")
    command.add_argument("--title-ru", default="", metavar="TITLE", help="the title in Russian")
    command.add_argument("--parameter", action="append", default=[], metavar="PARAMETER", help=_PARAMETER_HELP)
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument("--psql", metavar="QUERY", help="the query; :from, :to and :zone need no declaration")
    source.add_argument("--stdin", action="store_true", help="read the query from standard input")
    questions.add_options(command)
    command.epilog = (
        "Example: ringledger report add long-calls --parameter seconds:integer=600 --psql 'select * from calls.success"
        " where invitedt >= :from and invitedt < :to and duration > :seconds'"
    )
    listed = add(under, "list", _list, "list the reports")
    listed.add_argument("--json", action="store_true", help="as JSON, with queries and parameters")
    for name, function, help_text in (
        ("show", _show, "print a report as JSON"),
        ("remove", _remove, "remove a report"),
        ("restore", _restore, "bring back a removed or replaced report of Ringledger's own"),
    ):
        command = add(under, name, function, help_text)
        command.add_argument("name", metavar="NAME", help="as `report list` shows it")
        if function is _remove:
            questions.add_options(command)


def _add(arguments: argparse.Namespace, read: Callable[[], str]) -> None:
    definition = report_definitions.read(
        {
            "name": arguments.name,
            "title": {"en": arguments.title or arguments.name, "ru": arguments.title_ru},
            "psql": read() if arguments.stdin else arguments.psql,
            "parameters": [_parameter(text) for text in arguments.parameter],
        }
    )
    report_queries.check(definition, Circumstances("", configuration.current(), {}), owner())
    replaced = any(each.definition.name == definition.name for each in report_store.listing(owner()))
    question = f"Replace the report {definition.name}?"
    if (replaced or arguments.dry_run) and not questions.agreed(arguments, question, {"replaced": replaced}):
        return
    report_store.put(owner(), definition, OPERATOR)
    say(f"Saved {definition.name}; it is at /reports/{definition.name}.csv", saved=definition.name)


def _parameter(text: str) -> dict[str, Any]:
    found = _PARAMETER.fullmatch(text)
    if found is None:
        raise InvalidRequest(f"--parameter {text[:60]!r} must be {_PARAMETER_HELP}")
    given = {"name": found["name"], "type": found["type"] or "text", "required": bool(found["required"])}
    return given | ({} if found["default"] is None else {"default": found["default"]})


def _list(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    reports = [report_store.summary(stored) for stored in report_store.listing(owner())]
    if arguments.json:
        say(json.dumps(reports, ensure_ascii=False))
        return
    table(("NAME", "TITLE", "PARAMETERS", "SAVED BY"), [_row(report) for report in reports])


def _row(report: dict[str, Any]) -> tuple[str, ...]:
    parameters = ", ".join(parameter["name"] for parameter in report["parameters"])
    return (report["name"], report["title"]["en"], parameters, report["changed_by"] or "")


def _show(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    summary = report_store.summary(report_store.find(owner(), arguments.name))
    say(json.dumps(summary, ensure_ascii=False, indent=2), **summary)


def _remove(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    report_store.find(owner(), arguments.name)
    if not questions.agreed(arguments, f"Remove the report {arguments.name}?", {"report": arguments.name}):
        return
    if report_store.remove(owner(), arguments.name, OPERATOR):
        note(f"Ringledger's own {arguments.name} is back.")
    say(f"Removed {arguments.name}", removed=arguments.name)


def _restore(arguments: argparse.Namespace, _read: Callable[[], str]) -> None:
    report_store.restore(owner(), arguments.name)
    say(f"Restored {arguments.name}", restored=arguments.name)
