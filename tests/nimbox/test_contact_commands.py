"""The `contacts` commands: CSV files of several programs, tables, and errors in one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chalicelib.admin import commands
from chalicelib.admin.contact_table import read
from chalicelib.nimbox.contacts import ContactRefused, Description
from chalicelib.platform import runtime
from infra.local.local_lambda import Functions
from tests.admin.program import run_admin, run_here
from tests.nimbox.service import Office

Admin = Callable[..., commands.CommandResult]


@pytest.fixture
def operator(office: Office) -> dict[str, str]:
    """Return the environment of an operator."""
    return {"DATABASE_URL": office.settings.owner_database_url}


@pytest.mark.parametrize(
    "text",
    [
        "name,numbers\nAna,Work:0212 285 3348|0412-111.22.33\n",
        'name;numbers\r\nAna;"Work:0212 285 3348;0412-111.22.33"\r\n',
        '\ufeffNumbers,Name\n"Work: 0212-2853348\n(0412) 1112233",  Ana \n',
    ],
)
def test_tables_of_several_programs_are_read(text: str) -> None:
    """Separators, byte order marks and the order of columns may differ. A label precedes its number."""
    assert read(text) == [Description("Ana", {"02122853348": "Work", "04121112233": ""})]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "must name the columns name, numbers; it is empty"),
        ("name,phone\nAna,1", "it is 'name,phone'"),
        ("name,numbers\nAna,", "line 2: there is no number"),
        ("name,numbers\nAna,Work:", "line 2: '' is not a telephone number"),
        ("name,numbers\nAna,\u0661\u0662", "is not a telephone number"),
        ("name,numbers\nAna,123,456", "line 2: there are more values than columns"),
        ("name,numbers\nAna,123\nLuis,1-2-3", "line 3: 123 is in line 2 already"),
        ("name,numbers\nA\0na,123", "line 2: "),
        ("name,numbers\n" + "x" * 201 + ",123", "line 2: a name has up to 200 printable characters"),
        ("name,numbers\nAna," + "1" * 41, "is not a telephone number"),
        ("name,numbers\n" + "Ana,\n" * 12, "and 2 more"),
        ("name,numbers\nAna,123\nLuis,7.92146E+10", "line 3: numbers: '7.92146E+10' is how a spreadsheet shortens"),
        ('name;numbers\nLuis;"7,92146E+10"', "line 2: numbers: '7,92146E+10' is how a spreadsheet shortens"),
        ("name,numbers\nLuis,Work:8.4E9|123", "line 2: numbers: '8.4E9' is how a spreadsheet shortens"),
        ("name,numbers\nLuis,79214600000.0", "line 2: numbers: '79214600000.0' has a decimal point"),
        ("name,numbers\nLuis,########", "line 2: numbers: '########' is a column of a spreadsheet that was too narrow"),
        ("name,numbers\n#N/A,123", "line 2: name: '#N/A' is an error of a spreadsheet's formula"),
        ('name,numbers\nLuis,"=""02122853348"""', "is a formula of a spreadsheet"),
        ("name,numbers\nLuis,0212 2853348 ext. 5", "line 2: '0212 2853348 ext. 5' is not a telephone number"),
        ("name,numbers\nLuis,-79214600000", "line 2: '-79214600000' is not a telephone number"),
        ("name,numbers\nLuis,8+10", "line 2: '8+10' is not a telephone number"),
        ('name,numbers\nAna,123\n"Luis,456\nEva,789\n', "line 3: a quotation mark opens in this row and is not closed"),
        ('name,numbers\n"Luis,456\nEva,"789"\n', "line 2: a quotation mark opens in this row and is not closed"),
        ('name,numbers\nAna,"1\n2"\nLuis,\n', "line 4: there is no number"),
    ],
)
def test_faults_are_named_with_their_lines(text: str, told: str) -> None:
    """An error in one line registers no contact at all."""
    with pytest.raises(ContactRefused) as caught:
        read(text)
    assert told in caught.value.message


def test_a_file_is_imported_and_listed(operator: dict[str, str], tmp_path: Path) -> None:
    """The import reports its progress. A second import finds every contact."""
    file = tmp_path / "contacts.csv"
    file.write_text("name,numbers\nAna,Work:0212 285 3348\nLuis,0412 1112233\n", "utf-8")

    first = run_admin(operator, "contact", "import", str(file))
    second = run_here(operator, "contact", "import", "-", stdin=file.read_text("utf-8"))
    listed = run_here(operator, "contact", "list", "--find", "ana")

    assert first.stdout == "2 contacts are new, 0 were there already.\n"
    assert first.stderr == "registered: 1 of 2\nregistered: 2 of 2\n"
    assert second.stdout == "0 contacts are new, 2 were there already.\n"
    assert [line.split() for line in listed.stdout.splitlines()] == [
        ["ID", "NAME", "NUMBERS", "CALLS"],
        ["1", "Ana", "Work:02122853348", "0"],
    ]


@pytest.fixture
def here(operator: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Admin]:
    """Run commands as the operator in this process, which is faster than a new one."""
    for name, value in operator.items():
        monkeypatch.setenv(name, value)
    runtime.renew()
    yield lambda *words: commands.run(words, str)
    runtime.renew()


def test_a_contacts_calls_are_listed(here: Admin, office: Office) -> None:
    """The newest call comes first, with its link if the url is a link."""
    contact = office.contact("02122853348", name="Ana")
    office.create("02122853348", "2012-08-23T12:20:33", duration="45", url="http://x/y")
    office.create("02122853348", "2012-08-24T12:20:33", url="javascript:alert(1)")

    shown = here("contact", "list-calls", str(contact), "--json")

    assert [(call["initiated"], call["duration"], call["link"]) for call in json.loads(shown.output)] == [
        ("2012-08-24T12:20:33", None, ""),
        ("2012-08-23T12:20:33", 45, "http://x/y"),
    ]
    table = here("contact", "list-calls", str(contact)).output.splitlines()
    assert table[2].split() == ["1", "2012-08-23", "12:20", "7222", "02122853348", "45", "http://x/y"]


def test_a_file_that_cannot_be_read_is_one_line_of_error(here: Admin, tmp_path: Path) -> None:
    """A missing file and another encoding are errors of one line."""
    foreign = tmp_path / "latin.csv"
    foreign.write_bytes("name,numbers\nAña,123\n".encode("latin-1"))

    answers = [here("contact", "import", str(path)) for path in (tmp_path / "none", foreign)]

    assert [answer.exit for answer in answers] == [1, 1]
    assert answers[0].errors == f"{tmp_path / 'none'} cannot be read: No such file or directory\n"
    assert answers[1].errors == f"{foreign} cannot be read: it is not UTF-8\n"


@pytest.fixture
def elsewhere(operator: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Return the environment of an operator without a database, whose Lambda functions have one."""
    for name, value in operator.items():
        monkeypatch.setenv(name, value)
    functions = Functions()
    yield {
        "AWS_ENDPOINT_URL_LAMBDA": functions.start(0),
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "127.0.0.1",
    }
    functions.stop()


def test_a_file_travels_to_the_lambda(elsewhere: dict[str, str], office: Office, tmp_path: Path) -> None:
    """With --function, the local file becomes the standard input of the function."""
    file = tmp_path / "contacts.csv"
    file.write_text("name,numbers\nAna,123\n", "utf-8")
    words = ("--function", "admin", "contact", "import")

    answers = [
        run_admin(elsewhere, *words, str(file)),
        run_admin(elsewhere, *words, "-", stdin="name,numbers\nLuis,456\n"),
    ]

    assert [answer.returncode for answer in answers] == [0, 0]
    assert office.rows("SELECT name FROM ledger.contacts ORDER BY id") == [("Ana",), ("Luis",)]
