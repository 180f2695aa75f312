"""The command `extension`: addresses for PBXs, CSV imports, and errors of one line."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from chalicelib.registry import webhook_keys
from chalicelib.settings import Settings
from infra.local import aws
from infra.local.telphin_server import TelphinServer
from tests.admin.program import run_admin, run_here
from tests.loopback import aws_services

SECRET = "the-secret-of-these-tests-and-of-nothing-else"
SECRETS = ((3, SECRET),)


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Provide the address of a small Telphin."""
    provider = TelphinServer("application", "secret")
    yield provider.start(0)
    provider.stop()


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Provide the address of an S3 with the bundle's bucket."""
    with aws_services(tmp_path_factory.mktemp("aws")) as url:
        aws.prepare(url)
        yield url


@pytest.fixture
def operator(database: Settings, provider: str, s3: str) -> dict[str, str]:
    """Return the environment of an operator with all permissions."""
    return {
        "DATABASE_URL": database.owner_database_url,
        "PUBLIC_URL": "https://calls.example/",
        "WEBHOOK_SECRETS": f"3:{SECRET}",
        "BUCKET": aws.BUCKET,
        "AWS_ENDPOINT_URL": s3,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TELPHIN_URL": provider,
        "TELPHIN_CLIENT_ID": "application",
        "TELPHIN_CLIENT_SECRET": "secret",
    }


def _id(operator: dict[str, str], name: str) -> int:
    listed = json.loads(run_here(operator, "extension", "list", "--json").stdout)
    return next(int(each["id"]) for each in listed if each["name"] == name)


def test_an_extension_is_added(operator: dict[str, str]) -> None:
    """Standard output has the address alone, and its key is genuine."""
    added = run_here(operator, "extension", "add", "telphin", "13596", "13596*106", "--owner", "Анна")

    path, key = added.stdout.strip().rsplit("/", 1)
    assert (added.returncode, path) == (0, "https://calls.example/ext-event")
    assert webhook_keys.verify(SECRETS, "telphin", key) == (_id(operator, "13596*106"), 3)
    assert "give it to the PBX alone" in added.stderr


def test_the_list_shows_addresses_on_request(operator: dict[str, str]) -> None:
    """`list` has no keys; `list --urls` has them under the newest secret, also as JSON."""
    url = run_here(operator, "extension", "add", "mtt", "79586488002", "79586488002").stdout.strip()

    assert url.rsplit("/", 1)[1] not in run_here(operator, "extension", "list").stdout
    assert url in run_here(operator, "extension", "list", "--urls").stdout
    assert url in {
        each["url"] for each in json.loads(run_here(operator, "extension", "list", "--urls", "--json").stdout)
    }


def test_the_address_of_one_extension(operator: dict[str, str]) -> None:
    """`address` prints what `add` printed, alone; a revoked extension has none."""
    url = run_here(operator, "extension", "add", "telphin", "13596", "13596*777").stdout
    number = str(_id(operator, "13596*777"))

    assert run_here(operator, "extension", "address", number).stdout == url
    run_here(operator, "extension", "revoke", number, "--yes")
    refused = run_here(operator, "extension", "address", number)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "is revoked: its address is refused" in refused.stderr


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_table_is_imported(operator: dict[str, str], separator: str) -> None:
    """Each row becomes an extension with an address, progress goes to stderr, and a repetition keeps addresses."""
    lines = ["provider,client,name,type,external_only"] + [f"telphin,13596,13596*3{n:02},queue,yes" for n in range(40)]
    table = "\N{BYTE ORDER MARK}" + "\r\n".join(lines).replace(",", separator)

    first = run_admin(operator, "extension", "import", stdin=table)
    second = run_here(operator, "extension", "import", stdin=table)

    assert (first.returncode, first.stdout.count("\n")) == (0, 40)
    assert first.stdout == second.stdout
    assert "registered: 40 of 40\n" in first.stderr


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("", "must name the columns provider, client, name"),
        ("provider,client,name,colour\n", "it is 'provider,client,name,colour'"),
        ("provider,client,name\nmtt,1,2\nmtp,1,2\nmtt,,2\n", "line 3: Unknown provider 'mtp'"),
        ("provider,client,name\nmtt,1,2\nmtp,1,2\nmtt,,2\n", "line 4: A client and a name are 1 to 128"),
        ("provider,client,name\nmtt,1,2,3\n", "line 2: there are more values than columns"),
        ("provider,client,name\n", "No rows follow the first line"),
        ("provider,client,name,external_only\nmtt,1,2,maybe\n", "external_only is yes or no, not 'maybe'"),
    ],
)
def test_a_table_with_faults_registers_nothing(operator: dict[str, str], table: str, words: str) -> None:
    """Every fault is named with its line number, in one line, and no row is registered."""
    before = run_here(operator, "extension", "list").stdout
    ended = run_here(operator, "extension", "import", stdin=table)

    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
    assert words in ended.stderr
    assert run_here(operator, "extension", "list").stdout == before


def test_events_are_subscribed_and_cancelled(operator: dict[str, str]) -> None:
    """`subscribe` lists the ordered events, `unsubscribe` the cancelled ones."""
    run_here(operator, "extension", "add", "telphin", "13596", "13596*107", "--remote-id", "1138107", "--agent-id", "9")
    number = str(_id(operator, "13596*107"))

    subscribed = run_here(operator, "extension", "subscribe", number)
    every = run_here(operator, "extension", "subscribe", "--all")
    cancelled = run_here(operator, "extension", "unsubscribe", number)

    assert subscribed.stdout == (
        f"{number} 13596*107: ordered dial-in, dial-out, answer, hangup, agent-login, agent-logout\n"
    )
    assert every.stdout == subscribed.stdout.replace("ordered", "kept")
    assert cancelled.stdout.count("/event/") == 6


def test_a_refused_extension_does_not_stop_the_others(operator: dict[str, str]) -> None:
    """Each failure names its extension, all others are done, and the exit code is not zero."""
    numbers = []
    for name, remote in (("13596*111", "1138111"), ("13596*112", "nobodys"), ("13596*113", "1138113")):
        run_here(operator, "extension", "add", "telphin", "13596", name, "--remote-id", remote)
        numbers.append(str(_id(operator, name)))
    run_here(operator, "extension", "revoke", numbers[1], "--yes")

    subscribed = run_here(operator, "extension", "subscribe", *numbers)

    assert [line.split(":")[0] for line in subscribed.stdout.splitlines()] == [
        f"{numbers[0]} 13596*111",
        f"{numbers[2]} 13596*113",
    ]
    assert f"{numbers[1]} 13596*112: Extension {numbers[1]} is revoked" in subscribed.stderr
    assert "1 of 3 extensions failed" in subscribed.stderr
    assert subscribed.returncode == 1


def test_an_extension_is_revoked(operator: dict[str, str]) -> None:
    """It is listed as revoked, and cannot be subscribed any more."""
    run_here(operator, "extension", "add", "telphin", "13596", "13596*108", "--remote-id", "1138108")
    number = str(_id(operator, "13596*108"))

    revoked = run_here(operator, "extension", "revoke", number, "--yes")
    assert (revoked.returncode, f"`extension unsubscribe {number}` cancels them" in revoked.stderr) == (0, True)
    assert "is revoked" in run_here(operator, "extension", "subscribe", number).stderr


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("WEBHOOK_SECRETS", ["extension", "add", "mtt", "1", "unaddressed"]),
        ("PUBLIC_URL", ["extension", "add", "mtt", "1", "unaddressed"]),
        ("BUCKET", ["extension", "revoke", "1"]),
        ("TELPHIN_CLIENT_ID", ["extension", "subscribe", "1"]),
        ("DATABASE_URL", ["extension", "list"]),
    ],
)
def test_a_missing_setting_is_named(operator: dict[str, str], missing: str, words: list[str]) -> None:
    """The error names the variable, and nothing was changed."""
    ended = run_here({name: value for name, value in operator.items() if name != missing}, *words)

    assert ended.returncode == 1
    assert missing in ended.stderr
    assert "unaddressed" not in run_here(operator, "extension", "list").stdout
