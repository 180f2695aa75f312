"""Every example of the protocol's documentation, with another host and a password."""

from __future__ import annotations

import codecs
import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from xml.etree.ElementTree import Element, fromstring

import pytest
import requests

from tests.oktell.conftest import Client

SEED = Path(__file__).parents[3] / "shared/seeds/oktell-http-interface.ru.txt"
#: The document's answers, less the declaration, which says utf-16 in a file that is not.
MAPPED = {
    "execsvcscript": """
 <oktellxmlmapper version="80710"><data name="result" count="1"><property_set name="execsvcscript">
  <property_simple key="started" value="1" name="success" />
  <property_simple key="startresult" value="0" name="success" />
  <property_simple key="returnvalue" name="123=0;234=0" />
 </property_set></data></oktellxmlmapper>""",
    "tst_getuserstate": """
 <oktellxmlmapper version="80710"><data name="userstate" count="1">
  <property_set name="user" id="da803f01-ea77-40fa-bc9d-e2efb36fd5a8">
   <property_simple key="id" value="da803f01-ea77-40fa-bc9d-e2efb36fd5a8" />
   <property_simple key="state" value="1" name="usReady" />
  </property_set></data></oktellxmlmapper>""",
    "tst_getintnumberreadyusers": """
  <group name="120" ready="2" busy="3"><element name="223"/><element name="227"/></group>""",
}
ASKED = {
    "execsvcscript": {"name": "SvcScript1", "startparam1": "123", "startparam2": "234", "async": "0", "timeout": "10"},
    "tst_getuserstate": {"iduser": "DA803F01-EA77-40FA-BC9D-E2EFB36FD5A8"},
    "tst_getintnumberreadyusers": {"number": "120"},
}


def _urls() -> list[str]:
    if not SEED.exists():
        return []
    return sorted(set(re.findall(r"http://(?:192\.168\.0\.1|localhost):4055/(\S+)", SEED.read_text("utf-8"))))


def _shape(element: Element) -> object:
    return element.tag, dict(element.attrib), [_shape(child) for child in element]


@pytest.mark.parametrize("url", _urls() or [pytest.param("", marks=pytest.mark.skip("the seeds are not beside"))])
def test_an_address_of_the_document_answers(client: Client, url: str) -> None:
    """It answers 200 or redirects to a file. A placeholder for a code is not found."""
    place = urlsplit(url)
    answer = client.get(place.path, **dict(parse_qsl(place.query)))

    expected = {"download/byscript": 302, "downloadrecordbylink": 404}.get(place.path, 200)
    assert (answer.status_code, "Traceback" in answer.text) == (expected, False)


@pytest.mark.parametrize("command", MAPPED)
def test_an_answer_has_the_documented_elements(client: Client, command: str) -> None:
    """Elements, attributes and values are those of the sample."""
    assert _shape(client.xml(command, **ASKED[command])) == _shape(fromstring(MAPPED[command]))  # noqa: S314


@pytest.mark.parametrize("accept", ["", "text/xml", "image/png", "nonsense"])
@pytest.mark.parametrize(
    ("command", "mark", "codec"),
    [
        ("tst_getuserstate", codecs.BOM_UTF16_LE, "utf-16-le"),
        ("tst_getintnumberreadyusers", b"", "utf-8"),
    ],
)
def test_the_bytes_are_what_the_declaration_says(
    client: Client, command: str, accept: str, mark: bytes, codec: str
) -> None:
    """UTF-16 has its byte order mark, whatever the client accepts."""
    parameters = {"password": client.facts["tokens"]["oktell"], **ASKED[command]}
    answer = requests.get(client.url(command), params=parameters, headers={"Accept": accept}, timeout=60)

    assert answer.content.startswith(mark + '<?xml version="1.0" encoding="utf-'.encode(codec))
    assert answer.content.removeprefix(mark).decode(codec)


def test_a_script_gives_its_value_alone(client: Client) -> None:
    """The plain command answers the value alone."""
    answer = client.get("execsvcscriptplain", **ASKED["execsvcscript"])
    assert (answer.content, answer.headers["Content-Type"]) == (b"123=0;234=0", "text/plain; charset=utf-8")


def test_a_form_is_as_good_as_an_address(client: Client) -> None:
    """POST takes the parameters from an urlencoded form, in any case of letters."""
    form = {"PassWord": client.facts["tokens"]["oktell"], "NUMBER": "120"}
    answer = requests.post(client.url("TST_GetIntNumberReadyUsers"), data=form, timeout=60)
    assert _shape(fromstring(answer.content)) == _shape(fromstring(MAPPED["tst_getintnumberreadyusers"]))  # noqa: S314


@pytest.mark.parametrize(
    ("command", "parameters", "text"),
    [
        ("getlicenseinfo", {"detail": "regserial"}, r"\d{7}"),
        ("getlicenseinfo", {"detail": "confirmdate"}, r"\d\d\.\d\d\.\d{4}"),
        ("getlicenseinfo", {"detail": "updatelimitdate"}, r"\d\d\.\d\d\.\d{4}"),
        ("getlicensefullxml", {"detail": "regserial"}, r"\d{7}"),
        ("getlicensefulltext", {}, r"Registration number: \d{7}\n.*\n.*\n"),
    ],
)
def test_a_licence_has_the_documented_formats(
    client: Client, command: str, parameters: dict[str, str], text: str
) -> None:
    """The number has seven digits, and dates are day.month.year."""
    assert re.fullmatch(text, client.get(command, **parameters).text)


def test_a_licence_is_xml_as_a_whole(client: Client) -> None:
    """It has every documented detail."""
    root = client.xml("getlicensefullxml")
    assert [each.attrib["key"] for each in root.iter("property_simple")] == [
        "regserial",
        "confirmdate",
        "updatelimitdate",
    ]


def test_without_a_call_a_chain_is_empty(client: Client) -> None:
    """The chain is `{}`, and the answer for a line has its state alone."""
    assert client.get("wp_getchaincontent", user="ivan").json() == {}
    assert json.loads(client.get("wp_getabonentinfo", user="ivan").content) == {
        "currentlinestate": 4,
        "currentlinestatestr": "lsReady",
    }
