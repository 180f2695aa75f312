"""`user …` on the command line: a table is imported into the directory as a whole, or not at all."""

from __future__ import annotations

import json

import pytest

from chalicelib.settings import Settings
from tests.admin.program import run_here

TABLE = "login,name,department,extension,number,line,work_place,groups\n"


@pytest.fixture
def operator(database: Settings) -> dict[str, str]:
    """Return the environment variables of an operator."""
    return {"DATABASE_URL": database.owner_database_url}


def _users(operator: dict[str, str]) -> list[dict[str, object]]:
    users: list[dict[str, object]] = json.loads(run_here(operator, "user", "list", "--json").stdout)
    return users


def test_a_table_is_imported(operator: dict[str, str]) -> None:
    """Ids are computed from the logins, so a second import changes the users and adds none."""
    table = "\N{BYTE ORDER MARK}" + TABLE + "ivan,Иван,Продажи,13596*101,101,16038,WP1,120 121\nanna,,,,,,,\n"
    first = run_here(operator, "user", "import", "--whole", "--yes", stdin=table)
    second = run_here(operator, "user", "import", "--yes", stdin=table.replace("Иван", "Пётр").replace(",", ";"))

    assert (first.returncode, first.stdout) == (0, second.stdout)
    anna, ivan = _users(operator)
    assert (ivan["name"], ivan["groups"], ivan["agent"]) == ("Пётр", ["120", "121"], "ivan")
    assert (anna["name"], anna["extension"]) == ("anna", "")
    assert "WORK PLACE" in run_here(operator, "user", "list").stdout


def test_a_whole_table_removes_the_others(operator: dict[str, str]) -> None:
    """`--whole` removes users that are not in the table. An empty table is refused."""
    run_here(operator, "user", "import", "--yes", stdin=TABLE + "a,,,,,,,\nb,,,,,,,\n")
    assert run_here(operator, "user", "import", "--whole", "--yes", stdin=TABLE + "b,,,,,,,\n").returncode == 0
    refused = run_here(operator, "user", "import", "--whole", "--yes", stdin=TABLE)

    assert [user["login"] for user in _users(operator)] == ["b"]
    assert (refused.returncode, "would remove all users" in refused.stderr) == (1, True)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "must name the column login"),
        ("login,colour\n", "it is 'login,colour'"),
        ("login,id\nx,not-a-guid\n", "line 2: id must be a GUID"),
        ("login\nx\n \n,\n", "line 3: A user needs a login"),
        ("login\nx\nX\n", "line 3: the id or the login X is also in an earlier line"),
        ("login,extension\nx,1@sip\n", "must be without its @domain"),
        ("login,name\nx," + "y" * 129 + "\n", "up to 128 printable characters"),
        ("login\nx,y\n", "line 2: there are more values than columns"),
    ],
)
def test_a_table_with_faults_changes_nothing(operator: dict[str, str], table: str, words: str) -> None:
    """The error message names every wrong line, and is one line itself."""
    before = _users(operator)
    result = run_here(operator, "user", "import", "--yes", stdin=table)
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert words in result.stderr
    assert _users(operator) == before


def test_a_login_is_unique(operator: dict[str, str]) -> None:
    """Two users cannot have the same login. The case of letters does not count."""
    run_here(operator, "user", "import", "--yes", stdin="login\nivan\n")
    table = "login,id\nIVAN,da803f01-ea77-40fa-bc9d-e2efb36fd5a8\n"
    assert "already has the login IVAN" in run_here(operator, "user", "import", "--yes", stdin=table).stderr
