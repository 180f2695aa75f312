"""All commands have JSON, examples, questions before erasing, and completions."""

from __future__ import annotations

import io
import json
import sys

import pytest

from chalicelib.admin import commands, json_output
from chalicelib.admin.__main__ import main
from chalicelib.admin.command_examples import EXAMPLES
from chalicelib.platform import runtime
from chalicelib.settings import Settings
from tests import databases
from tests.admin.program import run_admin, run_here

VERBS = {
    "add", "address", "adopt", "code", "correct", "forget", "give", "import", "link", "list", "redrive", "register",
    "remove", "replay", "restore", "retry", "revoke", "run", "show", "status", "subscribe", "unsubscribe", "verify",
}  # fmt: skip
#: Each command that erases or replaces.
ASKING = {
    "token revoke", "extension revoke", "extension import", "report remove", "report add", "recording revoke",
    "user import", "contact import", "phonecall give", "person forget", "replication correct",
}  # fmt: skip
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


def test_commands_are_nouns_and_verbs() -> None:
    """Only commands about the whole installation have one word; verbs that list begin with the word."""
    alone = {words for words in COMMANDS if " " not in words}
    assert alone == {"migrate", "roles", "status", "completion"}
    verbs = {words.split()[1].partition("-")[0] for words in COMMANDS if " " in words}
    assert verbs <= VERBS, verbs - VERBS


def test_a_list_becomes_an_array(owner: dict[str, str]) -> None:
    """A list without JSON of its own answers with its rows."""
    assert json.loads(run_here(owner, "quarantine", "list", "--json").stdout) == []
    assert json.loads(run_here(owner, "call", "list", "--json").stdout) == []


def test_an_answer_has_values_instead_of_texts(owner: dict[str, str]) -> None:
    """The object has the facts that a person reads as sentences, and whole values that a table cuts."""
    made = json.loads(run_here(owner, "token", "add", "json", "--scope", "nimbox", "--json").stdout)
    assert (made["result"]["name"], len(made["result"]["token"]), made["error"]) == ("json", 43, None)
    revoked = json.loads(run_here(owner, "token", "revoke", "json", "--yes", "--json").stdout)
    assert revoked["result"] == {"revoked": ["json"]}
    replayed = run_here(owner, "call", "replay", "--from", "2026-11-20", "--to", "2026-11-21", "--json")
    assert json.loads(replayed.stdout)["result"] == {"calls": 0, "changes": []}


@pytest.mark.parametrize("words", [("dance",), ("token",), ("token", "add"), ("call", "replay", "--from", "x")])
def test_a_wrong_command_line_is_answered_as_json(owner: dict[str, str], words: tuple[str, ...]) -> None:
    """With --json a usage error is the object with its code, and the exit code stays 2."""
    ended = run_here(owner, *words, "--json")
    error = json.loads(ended.stdout)["error"]
    assert (ended.returncode, error["code"], ended.stderr) == (2, "usage", "")
    assert error["message"]


def test_an_own_json_answers_errors_too(owner: dict[str, str]) -> None:
    """Lists with richer objects of their own answer a failure as the others do."""
    ended = run_here(owner, "contact", "list-calls", "0", "--limit", "x", "--json")
    assert (ended.returncode, json.loads(ended.stdout)["error"]["code"]) == (2, "usage")


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


@pytest.mark.parametrize("words", sorted(ASKING))
def test_what_erases_or_replaces_has_a_dry_run(words: str) -> None:
    """These commands, and no others, have `--dry-run` and `--yes`."""
    assert {"--dry-run", "--yes"} <= set(COMMANDS[words]._option_string_actions)
    assert {name for name, command in COMMANDS.items() if "--yes" in command._option_string_actions} >= ASKING


def test_a_revocation_asks_first(owner: dict[str, str]) -> None:
    """Without an answer nothing happens, and the result has the question for the terminal; `--dry-run` describes."""
    run_here(owner, "token", "add", "asked", "--scope", "nimbox")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", owner["DATABASE_URL"])
        runtime.renew()
        refused = commands.run(("token", "revoke", "asked"), lambda: "")
        described = commands.run(("token", "revoke", "asked", "--dry-run", "--json"), lambda: "")
        asked = commands.run(("token", "revoke", "asked", "--json"), lambda: "")
    runtime.renew()
    assert (refused.exit, refused.question) == (1, "Revoke asked for good?")
    assert json.loads(described.output)["result"] == {"token": "asked", "scopes": "nimbox", "dry_run": True}
    assert json.loads(asked.output)["error"]["code"] == "not-confirmed"
    listed = json.loads(run_here(owner, "token", "list", "--json").stdout)
    assert [each["revoked_at"] for each in listed if each["name"] == "asked"] == [None]


class _Terminal(io.StringIO):
    """A terminal on which an answer was typed."""

    def isatty(self) -> bool:
        """Return True."""
        return True


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("no\n", 1), ("", 1)])
def test_the_terminal_is_asked(owner: dict[str, str], monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    """The command goes on after yes, and ends without a change after any other answer."""
    run_here(owner, "token", "add", f"terminal {code} {answer!r}", "--scope", "nimbox")
    monkeypatch.setenv("DATABASE_URL", owner["DATABASE_URL"])
    monkeypatch.setattr(sys, "__stdin__", _Terminal(answer))
    asked = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", asked)
    runtime.renew()

    assert main(["token", "revoke", f"terminal {code} {answer!r}"]) == code

    runtime.renew()
    assert "for good? [y/N]" in asked.getvalue()


def test_a_whole_directory_says_whom_it_would_remove(owner: dict[str, str]) -> None:
    """New users need no answer; changed and removed ones do, and a dry run names them."""
    table = "login,name\nanna,Anna\nboris,Boris\n"
    assert run_here(owner, "user", "import", stdin=table).returncode == 0
    assert run_here(owner, "user", "import", stdin=table).returncode == 0
    shorter = "login,name\nanna,Anna Stone\n"
    refused = run_here(owner, "user", "import", "--whole", stdin=shorter)
    assert (refused.returncode, "Change 1 users, and remove 1: boris?" in refused.stderr) == (1, True)
    described = run_here(owner, "user", "import", "--whole", "--dry-run", "--json", stdin=shorter)
    assert json.loads(described.stdout)["result"] == {"new": 0, "changed": 1, "removed": ["boris"], "dry_run": True}
    assert run_here(owner, "user", "import", "--whole", "--yes", stdin=shorter).returncode == 0


def test_nothing_is_erased_without_a_terminal(owner: dict[str, str], settings: Settings) -> None:
    """A script that forgets `--yes` is refused, and `--dry-run` only counts."""
    url = settings.owner_database_url
    databases.run(url, "INSERT INTO calls.success (anumber, invitedt) VALUES ('79997654321', now())")
    refused = run_admin(owner, "person", "forget", "+79997654321", stdin="y\n")
    assert (refused.returncode, "Add --yes" in refused.stderr) == (1, True)
    counted = run_here(owner, "person", "forget", "+79997654321", "--dry-run")
    assert counted.stdout == "calls.success: 1\nNothing was changed.\n"
    assert databases.run(url, "SELECT count(*) FROM calls.success WHERE anumber = '79997654321'") == [(1,)]


@pytest.mark.parametrize("shell", commands.SHELLS)
def test_a_shell_gets_its_script(owner: dict[str, str], shell: str) -> None:
    """The script completes `ringledger`."""
    ended = run_here(owner, "completion", shell)
    assert ended.returncode == 0
    assert "ringledger" in ended.stdout
