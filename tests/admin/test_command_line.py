"""The administrator's command line, run as a program, and the Lambda that runs the same commands."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from chalicelib import settings
from chalicelib.admin.surface import handle
from chalicelib.platform.postgres import Connection
from chalicelib.settings import Settings
from chalicelib.tokens import Token, verify
from tests.admin.program import run_admin


@pytest.fixture
def owner(database: Settings) -> dict[str, str]:
    """An environment that knows the database's owner and nothing else."""
    return {"DATABASE_URL": database.owner_database_url}


def test_a_fresh_database_is_made_ready(empty_database: str) -> None:
    """`migrate` names each migration and what it did about roles; a second run finds nothing to do."""
    environment = {"DATABASE_URL": empty_database}
    first = run_admin(environment, "migrate")
    second = run_admin(environment, "migrate")

    assert (first.returncode, first.stderr) == (0, "")
    assert "applied: 0001_calls\n" in first.stdout
    assert "done: GRANT CONNECT" in first.stdout
    assert (second.returncode, second.stdout) == (0, "no new migrations\nno changes to the roles\n")


def test_a_token_is_created_used_and_revoked(database: Settings, owner: dict[str, str]) -> None:
    """The token stands alone on standard output, works, is listed without its value, and ends."""
    created = run_admin(owner, "token", "create", "crm", "--scope", "oktell", "--scope", "statistics")
    value = created.stdout.removesuffix("\n")
    gate = Connection(database.gate_database_url)
    assert created.returncode == 0
    assert verify(gate, value) == Token("crm", ("statistics", "oktell"))

    listed = run_admin(owner, "token", "list")
    assert "crm" in listed.stdout
    assert value not in listed.stdout

    assert run_admin(owner, "token", "revoke", "crm").returncode == 0
    assert verify(gate, value) is None


def test_a_held_value_comes_from_standard_input(database: Settings, owner: dict[str, str]) -> None:
    """`--value-stdin` takes the value without the line's end, so that no process list shows it."""
    created = run_admin(owner, "token", "create", "held", "--scope", "nimbox", "--value-stdin", stdin="old-value\n")

    assert created.stdout == "old-value\n"
    assert verify(Connection(database.gate_database_url), "old-value") == Token("held", ("nimbox",))


def test_the_list_is_there_for_programs(owner: dict[str, str]) -> None:
    """`token list --json` gives each token's facts with times in ISO 8601."""
    run_admin(owner, "token", "create", "для машин", "--scope", "recordings")
    tokens = json.loads(run_admin(owner, "token", "list", "--json").stdout)

    token = next(token for token in tokens if token["name"] == "для машин")
    assert token["scopes"] == ["recordings"]
    assert token["created_at"].endswith("+00:00")
    assert (token["last_used_at"], token["revoked_at"]) == (None, None)


@pytest.mark.parametrize(
    ("words", "explanation"),
    [
        (["token", "create", "x", "--scope", "everything"], "Unknown scope everything; the scopes are"),
        (["token", "revoke", "nobody"], "There is no token named 'nobody'"),
    ],
)
def test_an_error_is_one_line(owner: dict[str, str], words: list[str], explanation: str) -> None:
    """What cannot be done ends with 1 and one line on standard error."""
    ended = run_admin(owner, *words)

    assert (ended.returncode, ended.stdout) == (1, "")
    assert explanation in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_missing_address_is_named() -> None:
    """Without DATABASE_URL the message names it and shows what one looks like."""
    ended = run_admin({}, "migrate")

    assert ended.returncode == 1
    assert "DATABASE_URL is not set" in ended.stderr
    assert "postgresql://" in ended.stderr


def test_a_database_that_is_away_is_explained() -> None:
    """The line tells why, and not the password."""
    ended = run_admin({"DATABASE_URL": "postgresql://me:hidden@127.0.0.1:1/none"}, "migrate")

    assert ended.returncode == 1
    assert "does not answer" in ended.stderr
    assert "hidden" not in ended.stderr


@pytest.mark.parametrize("words", [[], ["dance"], ["token"], ["token", "create", "x"]])
def test_a_wrong_line_is_a_usage_error(owner: dict[str, str], words: list[str]) -> None:
    """What is not a command ends with 2 and the usage."""
    ended = run_admin(owner, *words)

    assert ended.returncode == 2
    assert "usage:" in ended.stderr


def test_help_needs_no_database() -> None:
    """The help lists the commands."""
    ended = run_admin({}, "--help")

    assert ended.returncode == 0
    assert all(word in ended.stdout for word in ("migrate", "roles", "token", "--function"))


@pytest.fixture
def lambda_settings(owner: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process's settings are those of the admin Lambda."""
    monkeypatch.setenv("DATABASE_URL", owner["DATABASE_URL"])
    settings.current.cache_clear()
    yield
    settings.current.cache_clear()


@pytest.mark.usefixtures("lambda_settings")
def test_the_lambda_runs_the_same_commands() -> None:
    """The event's words are a command line, and the answer is what that would have printed."""
    created = handle(
        {"command": ["token", "create", "by lambda", "--scope", "oktell", "--value-stdin"], "stdin": "of-lambda"}
    )
    refused = handle({"command": ["token", "revoke", "nobody"]})

    assert (created["exit"], created["output"]) == (0, "of-lambda\n")
    assert (refused["exit"], refused["output"]) == (1, "")
    assert "There is no token named" in refused["errors"]


@pytest.mark.parametrize("event", [{}, {"command": "migrate"}, {"command": [1]}, {"command": [], "stdin": None}])
def test_the_lambda_explains_its_event(event: dict[str, object]) -> None:
    """An event of another shape is a usage error, not a crash."""
    assert handle(event)["exit"] == 2


class _Invocations(BaseHTTPRequestHandler):
    """Lambda's Invoke, as far as one function needs it: any function of the name `admin` is ours."""

    def do_POST(self) -> None:
        """Answer as Lambda does; a function that is not there is a 404."""
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = self.path == "/2015-03-31/functions/admin/invocations"
        body = json.dumps(handle(event) if known else {"Message": "Function not found"}).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def cloud() -> Iterator[dict[str, str]]:
    """An environment whose AWS has the admin function, and which knows no database."""
    server = HTTPServer(("127.0.0.1", 0), _Invocations)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    server.shutdown()
    server.server_close()


@pytest.mark.usefixtures("lambda_settings")
def test_a_function_runs_the_command_instead(cloud: dict[str, str]) -> None:
    """With `--function` the Lambda does the work; what it printed and how it ended come back."""
    words = ("--function", "admin", "token", "create", "remote", "--scope", "oktell", "--value-stdin")
    created = run_admin(cloud, *words, stdin="remote-value\n")
    repeated = run_admin(cloud, *words, stdin="remote-value\n")

    assert (created.returncode, created.stdout) == (0, "remote-value\n")
    assert repeated.returncode == 1
    assert "named 'remote' already" in repeated.stderr


@pytest.mark.usefixtures("lambda_settings")
def test_an_unknown_function_is_explained(cloud: dict[str, str]) -> None:
    """A misspelled function ends with 1 and one line that names it."""
    ended = run_admin(cloud, "token", "list", "--function", "admim")

    assert ended.returncode == 1
    assert "admim" in ended.stderr
    assert ended.stderr.count("\n") == 1
