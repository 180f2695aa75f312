"""The administrator's command line as a program, and the Lambda that runs the same commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import ThreadingHTTPServer

import pytest

from chalicelib.admin.surface import handle
from chalicelib.authentication.tokens import Token, verify
from chalicelib.platform import runtime
from chalicelib.platform.postgres import Connection
from chalicelib.settings import Settings
from infra.local.serving import QuietHandler
from tests.admin.program import run_admin, run_here
from tests.loopback import served


@pytest.fixture
def owner(database: Settings) -> dict[str, str]:
    """Return an environment with only the address of the database's owner."""
    return {"DATABASE_URL": database.owner_database_url}


def test_migrate_prepares_a_new_database(empty_database: str) -> None:
    """`migrate` names each migration and each change of a role, and a second run changes nothing."""
    environment = {"DATABASE_URL": empty_database}
    first = run_admin(environment, "migrate")
    second = run_admin(environment, "migrate")

    assert (first.returncode, first.stderr) == (0, "")
    assert "applied: 0001_calls\n" in first.stdout
    assert "done: GRANT CONNECT" in first.stdout
    assert (second.returncode, second.stdout) == (0, "no new migrations\nno changes to the roles\n")


def test_a_token_is_created_used_and_revoked(database: Settings, owner: dict[str, str]) -> None:
    """Only the token goes to standard output; it works, is listed without its value, and can be revoked."""
    created = run_here(owner, "token", "add", "crm", "--scope", "oktell", "--scope", "statistics")
    value = created.stdout.removesuffix("\n")
    gate = Connection(database.gate_database_url)
    assert created.returncode == 0
    assert verify(gate, value) == Token("crm", ("statistics", "oktell"))

    listing = run_here(owner, "token", "list")
    assert "crm" in listing.stdout
    assert value not in listing.stdout

    assert run_here(owner, "token", "revoke", "crm", "--yes").returncode == 0
    assert verify(gate, value) is None


def test_an_existing_value_is_read_from_standard_input(database: Settings, owner: dict[str, str]) -> None:
    """`--value-stdin` reads the value without the end of the line, so that no process list shows it."""
    created = run_here(
        owner, "token", "add", "existing", "--scope", "nimbox", "--value-stdin", stdin="a-value-in-use-now\n"
    )

    assert created.stdout == "a-value-in-use-now\n"
    assert verify(Connection(database.gate_database_url), "a-value-in-use-now") == Token("existing", ("nimbox",))


def test_a_short_value_needs_networks(database: Settings, owner: dict[str, str]) -> None:
    """A value that can be guessed is refused, or warned about where it is bound to networks or not so short."""
    words = ("token", "add", "short", "--scope", "nimbox", "--value-stdin")
    open_, wide, wrong = (
        run_here(owner, *words, *more, stdin="12345678\n")
        for more in ((), ("--from", "0.0.0.0/0"), ("--from", "office"))
    )
    bound = run_here(owner, *words, "--from", "10.0.0.0/8", "--from", "2001:db8::1", stdin="12345678\n")
    longer = run_here(owner, "token", "add", "longer", "--scope", "nimbox", "--value-stdin", stdin="x" * 16)

    assert [each.returncode for each in (open_, wide, wrong)] == [1, 1, 1]
    assert "has 8 characters and could be guessed: bind it to the networks" in open_.stderr
    assert "0.0.0.0/0 is too wide to protect a token: at most /8" in wide.stderr
    assert "'office' is not a network: write 10.0.0.0/8" in wrong.stderr
    assert (bound.stdout, longer.stdout) == ("12345678\n", "x" * 16 + "\n")
    assert all("can be guessed in time" in each.stderr for each in (bound, longer))
    token = verify(Connection(database.gate_database_url), "12345678")
    assert token is not None
    addresses = ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1", "11.0.0.1", "2001:db8::2", "", "unix")
    assert [token.admits(source) for source in addresses] == [True, True, True, False, False, False, False]
    assert "10.0.0.0/8,2001:db8::1/128" in run_here(owner, "token", "list").stdout


def test_the_token_list_as_json(owner: dict[str, str]) -> None:
    """`token list --json` returns each token with times in ISO 8601."""
    run_here(owner, "token", "add", "для машин", "--scope", "recordings")
    tokens = json.loads(run_here(owner, "token", "list", "--json").stdout)

    token = next(token for token in tokens if token["name"] == "для машин")
    assert token["scopes"] == ["recordings"]
    assert token["created_at"].endswith("+00:00")
    assert (token["last_used_at"], token["revoked_at"]) == (None, None)


@pytest.mark.parametrize(
    ("words", "explanation"),
    [
        (["token", "add", "x", "--scope", "everything"], "Unknown scope everything; the scopes are"),
        (["token", "revoke", "unknown"], "There is no token named 'unknown'"),
    ],
)
def test_an_error_is_one_line(owner: dict[str, str], words: list[str], explanation: str) -> None:
    """A failed command exits with 1 and writes one line to standard error."""
    result = run_here(owner, *words)

    assert (result.returncode, result.stdout) == (1, "")
    assert explanation in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_missing_address_is_named() -> None:
    """Without DATABASE_URL the message names it and shows an example."""
    ended = run_here({}, "migrate")

    assert ended.returncode == 1
    assert "DATABASE_URL is not set" in ended.stderr
    assert "postgresql://" in ended.stderr


def test_an_unavailable_database_is_explained() -> None:
    """The message has the reason and not the password."""
    ended = run_here({"DATABASE_URL": "postgresql://me:hidden@127.0.0.1:1/none"}, "migrate")

    assert ended.returncode == 1
    assert "does not answer" in ended.stderr
    assert "hidden" not in ended.stderr


@pytest.mark.parametrize("words", [[], ["dance"], ["token"], ["token", "add", "x"]])
def test_an_unknown_command_is_a_usage_error(owner: dict[str, str], words: list[str]) -> None:
    """An unknown or incomplete command exits with 2 and prints the usage."""
    ended = run_here(owner, *words)

    assert ended.returncode == 2
    assert "usage:" in ended.stderr


def test_help_needs_no_database() -> None:
    """The help lists the commands."""
    ended = run_admin({}, "--help")

    assert ended.returncode == 0
    assert all(word in ended.stdout for word in ("migrate", "roles", "token", "--function"))


@pytest.fixture
def lambda_settings(owner: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give this process the settings of the admin Lambda."""
    monkeypatch.setenv("DATABASE_URL", owner["DATABASE_URL"])
    runtime.renew()
    yield
    runtime.renew()


@pytest.mark.usefixtures("lambda_settings")
def test_the_lambda_runs_the_same_commands() -> None:
    """The event contains a command line, and the result contains its output."""
    created = handle(
        {
            "command": ["token", "add", "by lambda", "--scope", "oktell", "--value-stdin"],
            "stdin": "a-value-of-lambda",
        }
    )
    refused = handle({"command": ["token", "revoke", "unknown"]})

    assert (created["exit"], created["output"]) == (0, "a-value-of-lambda\n")
    assert (refused["exit"], refused["output"]) == (1, "")
    assert "There is no token named" in refused["errors"]


@pytest.mark.parametrize("event", [{}, {"command": "migrate"}, {"command": [1]}, {"command": [], "stdin": None}])
def test_an_event_of_another_shape_is_a_usage_error(event: dict[str, object]) -> None:
    """The Lambda answers an event of another shape with exit code 2."""
    assert handle(event)["exit"] == 2


class _Invocations(QuietHandler):
    """A server for Lambda's Invoke operation that knows one function, `admin`."""

    def do_POST(self) -> None:
        """Answer as Lambda does. An unknown function is a 404."""
        event = json.loads(self.body())
        known = self.path == "/2015-03-31/functions/admin/invocations"
        answer = handle(event) if known else {"Message": "Function not found"}
        self.send(200 if known else 404, json.dumps(answer).encode())


@pytest.fixture
def cloud() -> Iterator[dict[str, str]]:
    """Return an environment with the admin function and without a database."""
    with served(ThreadingHTTPServer(("127.0.0.1", 0), _Invocations)) as url:
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }


@pytest.mark.usefixtures("lambda_settings")
def test_a_function_runs_the_command(cloud: dict[str, str]) -> None:
    """With `--function` the Lambda runs the command and returns its output and exit code."""
    words = ("--function", "admin", "token", "add", "remote", "--scope", "oktell", "--value-stdin")
    created = run_admin(cloud, *words, stdin="a-value-from-afar\n")
    repeated = run_admin(cloud, *words, stdin="a-value-from-afar\n")

    assert (created.returncode, created.stdout) == (0, "a-value-from-afar\n")
    assert repeated.returncode == 1
    assert "named 'remote' already" in repeated.stderr


@pytest.mark.usefixtures("lambda_settings")
def test_an_unknown_function_is_explained(cloud: dict[str, str]) -> None:
    """A misspelled function exits with 1 and one line that names it."""
    ended = run_admin(cloud, "token", "list", "--function", "admim")

    assert ended.returncode == 1
    assert "admim" in ended.stderr
    assert ended.stderr.count("\n") == 1
