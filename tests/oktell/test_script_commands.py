"""The commands that run scripts: their answers, results that come late, and the scripts of a token."""

from __future__ import annotations

from uuid import uuid4
from xml.etree.ElementTree import Element, fromstring

import pytest
import requests

from chalicelib.authentication import tokens
from chalicelib.oktell.refusals import ScriptDenied, ScriptFailed
from tests.oktell.conftest import Client, Office


def test_an_unknown_script_is_not_started(client: Client) -> None:
    """The XML says that it was not started, with an error code of Ringledger's. The plain command answers 404."""
    simple = {
        each.attrib["key"]: each.attrib for each in client.xml("execsvcscript", name="NoScript").iter("property_simple")
    }
    assert (simple["started"]["value"], simple["started"]["name"]) == ("0", "error")
    assert (simple["startresult"]["name"], "returnvalue" in simple) == ("error", False)
    assert client.get("execsvcscriptplain", name="NoScript").status_code == 404


@pytest.mark.parametrize("parameters", [{"async": "1"}, {"timeout": "0"}])
def test_an_asynchronous_script_is_not_waited_for(client: Client, parameters: dict[str, str]) -> None:
    """The answer says that it was started and has no value. The end of the run is recorded later."""
    stops = "SELECT count(*) FROM scriptevents.script_stop WHERE scrcode = 'SvcScript1'"
    before = client.rows(stops)
    root = client.xml("execsvcscript", name="svcscript1", **parameters)

    assert [each.attrib["key"] for each in root.iter("property_simple")] == ["started", "startresult"]
    client.eventually(lambda: client.rows(stops) > before)


def test_a_long_timeout_is_shortened(client: Client) -> None:
    """The wait is at most as long as API Gateway allows."""
    answer = client.get("execsvcscriptplain", name="SvcScript1", startparam1="1", timeout="3600000")
    assert (answer.status_code, answer.text) == (200, "1=0")


@pytest.mark.parametrize(
    "parameters", [{}, {"name": "SvcScript1", "timeout": "-1"}, {"name": "SvcScript1", "async": "yes"}]
)
def test_a_wrong_parameter_is_refused(client: Client, parameters: dict[str, str]) -> None:
    """The answer is 400."""
    assert client.get("execsvcscript", **parameters).status_code == 400


def test_values_with_markup_are_escaped(client: Client) -> None:
    """Markup and line breaks are escaped. Characters that XML does not allow are replaced."""
    hostile = "<a b='c'>&\"]]>\n\t\x01\ufffe Ω𝄞"
    value = client.xml("execsvcscript", name="SvcScript1", startparam1=hostile).find(".//*[@key='returnvalue']")
    assert value is not None
    assert value.attrib["name"] == f"{hostile.strip()}=0".replace("\x01", "\ufffd").replace("\ufffe", "\ufffd")


def _simple(root: Element) -> dict[str, str]:
    return {
        each.attrib["key"]: f"{each.attrib.get('value', '')} {each.attrib['name']}".strip()
        for each in root.iter("property_simple")
    }


def test_a_script_reads_an_uploaded_file(client: Client) -> None:
    """The path in the answer of `upload` is a start parameter."""
    uploaded = fromstring(client.post("upload", files={"f": ("список.txt", b"1\n2\n3\n")}).content)  # noqa: S314
    path = uploaded[0].attrib["path"]
    assert client.get("execsvcscriptplain", name="CountLines", startparam1=path).text == "3"


def test_a_crash_is_told_apart(client: Client) -> None:
    """The XML has a code, the other commands answer 500, and the run's id leads to the rows and the log."""
    crash = {"name": "CountLines", "startparam1": "uploads/no-such-file"}
    answer = client.get("execsvcscript", **crash)
    plain, file = client.get("execsvcscriptplain", **crash), client.get("download/byscript", **crash)

    assert _simple(fromstring(answer.content)) == {"started": "1 success", "startresult": "2 crash"}  # noqa: S314
    assert [each.status_code for each in (plain, file)] == [500, 500]
    assert file.text == f"The script crashed (run {file.headers['X-Script-Run']})"
    run_id = answer.headers["X-Script-Run"]
    reasons = client.rows("SELECT stopreason FROM scriptevents.script_stop WHERE scrcode = 'CountLines'")
    assert [reason for (reason,) in reasons if f"(run {run_id}, caller demo-oktell)" in reason] != []


def test_a_late_value_can_be_fetched(client: Client) -> None:
    """The header X-Script-Run has the id of the run, with which the caller gets the value for a week."""
    run_id = client.get("execsvcscript", name="SvcScript1", startparam1="7", **{"async": "1"}).headers["X-Script-Run"]

    client.eventually(lambda: "returnvalue" in _simple(client.xml("execsvcscriptresult", run=run_id)))
    assert _simple(client.xml("execsvcscriptresult", run=run_id))["returnvalue"] == "7=0"
    assert client.get("execsvcscriptresult", run=run_id, plain="1").text == "7=0"
    assert client.get("execsvcscriptresult", run=str(uuid4())).status_code == 404
    assert client.get("execsvcscriptresult", run="x").status_code == 400


@pytest.mark.parametrize(
    ("outcome", "minutes", "start_result"),
    [
        ("running", 0, "0 success"),
        ("running", 9, "2 crash"),
        ("error", 0, "2 crash"),
        ("timeout", 0, "3 timeout"),
        ("type", 0, "4 wrongtype"),
    ],
)
def test_the_result_of_a_run_has_a_code(office: Office, outcome: str, minutes: int, start_result: str) -> None:
    """A run whose Lambda has died counts as crashed. As text, a failed run is an error with its id."""
    run_id = str(uuid4())
    insert = (
        "INSERT INTO ledger.script_runs (run, script, integration, outcome, started_at)"
        " VALUES (%s, 'x', 'a-script', %s, now() - %s * interval '1 minute')"
    )
    office.owner.execute(insert, [run_id, outcome, minutes])
    root = fromstring(office.run("execsvcscriptresult", run=run_id).body)  # noqa: S314

    assert _simple(root) == {"started": "1 success", "startresult": start_result}
    if start_result == "0 success":
        assert office.run("execsvcscriptresult", run=run_id, plain="1").body == b""
    else:
        with pytest.raises(ScriptFailed, match=run_id):
            office.run("execsvcscriptresult", run=run_id, plain="1")


@pytest.mark.parametrize(
    ("scopes", "scripts_of_token", "status"),
    [
        (["oktell"], ["SvcScript1"], 403),
        (["oktell", "statistics"], [], 403),
        (["oktell", "statistics"], ["CountLines"], 403),
        (["oktell", "statistics"], ["svcscript1"], 200),
        (["oktell", "statistics"], ["*"], 200),
    ],
)
def test_a_token_runs_its_scripts_only(
    client: Client, scopes: list[str], scripts_of_token: list[str], status: int
) -> None:
    """It names the scripts that it may run, and has the scope of the data that a script tells."""
    name = f"runner-{uuid4()}"[:60]
    token = tokens.create(client.facts["database_url"], name, scopes, None, tokens.TokenLimits(scripts_of_token))
    query = {"password": token, "name": "SvcScript1", "startparam1": "1", "timeout": "10"}
    answer = requests.get(client.url("execsvcscriptplain"), params=query, timeout=60)

    assert answer.status_code == status, answer.text
    assert (answer.text == "1=0") == (status == 200)


def test_a_caller_without_a_token_runs_no_script_with_data(office: Office) -> None:
    """A script that tells statistics needs a token with that scope, also where no password is required."""
    with pytest.raises(ScriptDenied, match="statistics"):
        office.having(scripts_function="scripts").run("execsvcscript", name="SvcScript1")
