"""All commands have JSON, examples, questions before erasing, and completions."""

from __future__ import annotations

import json

import pytest

from chalicelib.admin import commands, json_output
from chalicelib.admin.command_examples import EXAMPLES
from chalicelib.settings import Settings
from tests import databases
from tests.admin.program import run_admin, run_here

COMMANDS = dict(json_output.commands_of(commands.parser()))


@pytest.fixture(scope="module")
def settings(server: databases.Server) -> Settings:
    """Return a migrated database for these tests."""
    return databases.migrated(server)


@pytest.fixture
def owner(settings: Settings) -> dict[str, str]:
    """Return the environment of an operator."""
    return {"DATABASE_URL": settings.owner_database_url}


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_json_and_an_example(words: str) -> None:
    """The help names `--json` and has an example, which the parser accepts."""
    shown = " ".join(COMMANDS[words].format_help().split())
    assert "--json" in shown
    assert "Example: ringledger" in shown
    example = EXAMPLES[words].split(" < ")[0].split(" > ")[0].split()
    assert commands.parser().parse_args(example).run


def test_examples_belong_to_commands() -> None:
    """No example is left from a command that has gone."""
    assert set(EXAMPLES) == set(COMMANDS)


def test_a_table_becomes_rows(owner: dict[str, str]) -> None:
    """A command without JSON of its own answers with rows, lines, notes and no error."""
    answer = json.loads(run_here(owner, "quarantine", "list", "--json").stdout)
    assert answer == {"rows": [], "lines": [], "notes": [], "error": None}


def test_an_error_has_its_code(owner: dict[str, str]) -> None:
    """With --json the error is part of the object, and the exit code is 1."""
    ended = run_here(owner, "quarantine", "show", "unknown", "--json")
    assert (ended.returncode, json.loads(ended.stdout)["error"]["code"]) == (1, "not-in-quarantine")


def test_a_healthy_stage_needs_nobody(owner: dict[str, str]) -> None:
    """The status of an empty database has exit code 0 and the versions."""
    ended = run_here(owner, "status", "--json")
    answer = json.loads(ended.stdout)
    assert (ended.returncode, answer["healthy"], answer["attention"]) == (0, True, [])
    assert answer["versions"]["migration"]


def test_a_quarantined_webhook_needs_an_operator(owner: dict[str, str], settings: Settings) -> None:
    """The exit code is 1, and the line says what to do."""
    insert = "INSERT INTO ledger.quarantine (id, provider, extension, reason, message) VALUES ('q', '', 0, 'x', '')"
    databases.run(settings.owner_database_url, insert)
    ended = run_here(owner, "status")
    databases.run(settings.owner_database_url, "DELETE FROM ledger.quarantine")
    assert ended.returncode == 1
    assert "quarantined: 1; see why webhooks cannot be read: `ringledger quarantine list`" in ended.stderr


def test_nothing_is_erased_without_a_terminal(owner: dict[str, str], settings: Settings) -> None:
    """A script that forgets `--yes` is refused, and `--dry-run` only counts."""
    url = settings.owner_database_url
    databases.run(url, "INSERT INTO calls.success (anumber, invitedt) VALUES ('79997654321', now())")
    refused = run_admin(owner, "forget", "+79997654321", stdin="y\n")
    assert (refused.returncode, "add --yes" in refused.stderr) == (1, True)
    counted = run_here(owner, "forget", "+79997654321", "--dry-run")
    assert counted.stdout == "calls.success: 1\nNothing was erased.\n"
    assert databases.run(url, "SELECT count(*) FROM calls.success WHERE anumber = '79997654321'") == [(1,)]


@pytest.mark.parametrize("shell", commands.SHELLS)
def test_a_shell_gets_its_script(owner: dict[str, str], shell: str) -> None:
    """The script completes `ringledger`."""
    ended = run_here(owner, "completion", shell)
    assert ended.returncode == 0
    assert "ringledger" in ended.stdout
