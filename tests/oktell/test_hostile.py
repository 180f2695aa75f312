"""Access to the interface, and the answers to hostile requests."""

from __future__ import annotations

from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
import requests

import app
from chalicelib.edge import Request
from chalicelib.errors import Misconfigured
from chalicelib.oktell import surface
from chalicelib.oktell.refusals import Denied
from chalicelib.oktell.surface import COMMANDS
from chalicelib.platform import runtime
from chalicelib.settings import load
from tests.admin.program import run_here
from tests.oktell.conftest import Agent, Client

PATHS = [*COMMANDS, "download/byscript", "download/rec/x", "download/fax/x"]
UNKNOWN = [
    "nosuch",
    "no/such",
    "no/such/thing",
    "no/such/thing/at/all",
    "download",
    "download/nosuch",
    "download/rec/x/y",
]


def _get(client: Client, path: str, **options: object) -> requests.Response:
    return requests.request("GET", client.url(path), timeout=60, allow_redirects=False, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PATHS)
def test_without_a_password_everything_is_forbidden(client: Client, path: str) -> None:
    """Every command is answered with 403 Forbidden, in the documented words only."""
    answer = _get(client, path)
    assert (answer.status_code, answer.text) == (403, "403 Forbidden")


@pytest.mark.parametrize("password", ["", "wrong", "x" * 5_000, "п\0", "w" * 43, "' OR 1=1"])
def test_a_wrong_password_is_forbidden(client: Client, password: str) -> None:
    """Any wrong password has the same answer as no password."""
    answer = _get(client, "wp_flash", params={"password": password, "user": "ivan"})
    assert (answer.status_code, answer.text) == (403, "403 Forbidden")


def test_a_token_of_another_surface_is_forbidden(client: Client) -> None:
    """A token without the scope `oktell` is refused."""
    answer = _get(client, "getlicensefulltext", params={"password": client.facts["tokens"]["statistics"]})
    assert (answer.status_code, answer.text) == (403, "403 Forbidden")


def test_http_basic_is_accepted(client: Client) -> None:
    """The password of HTTP Basic is the token, with any user name. A broken header is refused."""
    token = client.facts["tokens"]["oktell"]
    assert _get(client, "getlicensefulltext", auth=("admin", token)).status_code == 200
    assert _get(client, "getlicensefulltext", auth=("admin", "wrong")).status_code == 403
    for header in ("Basic", "Basic ***", "Basic /w==", f"Bearer {token}"):
        assert _get(client, "getlicensefulltext", headers={"Authorization": header}).status_code == 403


def test_a_password_is_neither_passed_on_nor_logged(client: Client, agent: Agent) -> None:
    """Neither a valid nor a wrong password is in an order or in the log."""
    _get(client, "wp_flash", params={"password": "a-wrong-password", "user": "ivan"})
    client.get("wp_flash", user="ivan")
    assert [order["command"] for order in agent.taken] == ["wp_flash"]
    assert client.facts["tokens"]["oktell"] not in str(agent.taken)
    log = Path(f"{client.facts['data']}.log").read_text()
    assert '"command":"wp_flash"' in log
    assert "a-wrong-password" not in log
    assert client.facts["tokens"]["oktell"] not in log.split("Ctrl-C stops everything")[-1]


@pytest.mark.parametrize("path", UNKNOWN)
def test_a_path_of_no_surface_is_not_found(client: Client, path: str) -> None:
    """Any path that no surface has is answered with 404 in JSON, with a password and without one."""
    answers = [_get(client, path), client.get(path), requests.post(client.url(path), timeout=60)]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert {answer.json()["error"] for answer in answers} == {"not-found"}


def test_no_command_has_the_path_of_another_surface() -> None:
    """The routes of commands match any short path, and a gateway prefers literal paths, so no path may be both."""
    places = {path.strip("/").split("/")[0] for path in app.app.routes}
    assert {"{command}", "statistics", "ext-event"} <= places
    assert places.isdisjoint({*COMMANDS, "download"})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("health", 200),
        ("HEALTH", 404),
        ("health/deep", 404),
        ("statistics", 405),
        ("api/token/v1", 404),
        ("api/token/v1/x", 405),
        ("direct/items/phonecalls", 404),
        ("direct/items/phonecalls/create", 200),
        ("webhooks/mtt/x", 405),
        ("ext-event/x", 404),
        ("%2e%2e/%2e%2e", 404),
        ("download%2frec%2fx", 404),
        ("download/rec/%2e%2e%2f%2e%2e", 404),
        ("execsvcscript%00", 404),
    ],
)
def test_other_surfaces_keep_their_paths(client: Client, path: str, status: int) -> None:
    """With a valid password the interface answers its own commands only, however a path is written."""
    target = f"/{path}?{urlencode({'password': client.facts['tokens']['oktell']})}"
    with closing(HTTPConnection(urlsplit(client.facts["url"]).netloc, timeout=60)) as connection:
        connection.request("GET", target)
        assert connection.getresponse().status == status


@pytest.mark.parametrize("name", ["execSvcScript", "EXECSVCSCRIPT"])
def test_names_are_not_case_sensitive(client: Client, name: str) -> None:
    """Names of commands and of parameters may be in any case."""
    token = client.facts["tokens"]["oktell"]
    answer = _get(client, name, params={"PASSWORD": token, "Name": "NoScript"})
    assert (answer.status_code, b"\xff\xfe" in answer.content[:2]) == (200, True)


@pytest.mark.parametrize(
    ("selector", "status"),
    [
        ("DA803F01-EA77-40FA-BC9D-E2EFB36FD5A8", 200),
        ("{da803f01-ea77-40fa-bc9d-e2efb36fd5a8}", 200),
        ("e76c86ea-a28a-4519-b4ff-8879a92c62b7", 200),
        ("dima", 200),
        ("17002", 200),
        ("#999", 200),
        ("13596*101", 200),
        ("дмитрий евгеньевич", 200),
        ("operator1", 200),
        ("Поддержка 223", 200),
        ("no-user", 404),
        ("{}", 404),
        ("' OR 1=1 --", 404),
        ("%", 404),
        ("x" * 5_000, 404),
        ("a\0b", 400),
        ("a\r\nSet-Cookie: b", 404),
        ("", 400),
    ],
)
def test_a_user_has_many_names(client: Client, selector: str, status: int) -> None:
    """GUID, login, line, number, extension, work place and name select a user. Other values get an error."""
    answer = client.get("wp_getabonentinfo", user=selector)
    assert (answer.status_code, "Set-Cookie" in answer.headers) == (status, False)


def test_an_ambiguous_name_is_refused(client: Client) -> None:
    """The answer is 404, since a command must not reach the wrong user."""
    environment = {"DATABASE_URL": client.facts["database_url"]}
    table = "login;name\ntwin1;Близнец\ntwin2;Близнец\n"
    assert run_here(environment, "user", "import", stdin=table).returncode == 0
    answer = client.get("wp_getabonentinfo", user="близнец")
    client.rows("DELETE FROM ledger.users WHERE login LIKE 'twin%%' RETURNING id")
    assert (answer.status_code, "ambiguous" in answer.text) == (404, True)


def test_bodies_have_limits(client: Client) -> None:
    """A form may have half a megabyte and a hundred fields, and a value has a limit, too."""
    url, token = client.url("execsvcscript"), client.facts["tokens"]["oktell"]
    large = requests.post(url, params={"password": token}, data={"startparam1": "x" * 600_000}, timeout=60)
    many = requests.post(url, params={"password": token}, data={f"a{n}": "" for n in range(200)}, timeout=60)
    long = client.post("execsvcscript", data={"name": "SvcScript1", "startparam1": "x" * 40_000})
    assert (large.status_code, many.status_code, long.status_code) == (413, 400, 400)


def test_a_body_is_never_parsed_as_xml(client: Client) -> None:
    """A body with nested entities has no effect."""
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    answer = client.post("tst_getintnumberreadyusers", data=bomb, headers={"Content-Type": "text/xml"})
    assert answer.status_code == 400


def test_an_unknown_internal_number_has_no_users(client: Client) -> None:
    """The answer has no free and no busy users, and repeats the number."""
    root = client.xml("tst_getintnumberreadyusers", number='"><x/>')
    assert (root.attrib, len(root)) == ({"name": '"><x/>', "ready": "0", "busy": "0"}, 0)


@pytest.mark.parametrize(
    ("source", "networks", "status"),
    [
        ("127.0.0.1", ("127.0.0.0/8", "::1/128"), 200),
        ("203.0.113.9", ("127.0.0.0/8", "::1/128"), 403),
        ("203.0.113.9", ("203.0.113.0/24",), 200),
        ("2001:db8::1", ("203.0.113.0/24", "2001:db8::/32"), 200),
        ("", ("203.0.113.0/24",), 403),
    ],
)
def test_without_required_passwords_only_listed_networks_are_served(
    monkeypatch: pytest.MonkeyPatch, source: str, networks: tuple[str, ...], status: int
) -> None:
    """By default only this machine is, so that a public stage is never open to everybody."""
    monkeypatch.setenv("OKTELL_PASSWORD_REQUIRED", "0")
    monkeypatch.setenv("OKTELL_NETWORKS", " ".join(networks))
    runtime.renew()
    http = Request("1", "GET", {"command": "getlicenseinfo"}, {}, {}, b"", "detail=regserial", source=source)
    try:
        assert surface.command(http, {}).status == status
    except Denied as refusal:
        assert refusal.status == status
    finally:
        runtime.renew()


@pytest.mark.parametrize("networks", ["0.0.0.0/0", "10.0.0.0/8 ::/0", "the office"])
def test_networks_must_restrict(networks: str) -> None:
    """A network of all addresses is refused, and so is what is no network."""
    with pytest.raises(Misconfigured):
        load({"OKTELL_NETWORKS": networks})
