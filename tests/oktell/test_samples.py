"""Every example of the protocol document, with another host and a password."""

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
#: The answers in the document, without the XML declaration, since it does not match the encoding of this file.
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
PARAMETERS = {
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
@pytest.mark.usefixtures("agent")
def test_an_address_of_the_document_works(client: Client, url: str) -> None:
    """The answer is 200, or a redirect to a file. The code in the document is an example and is not found."""
    place = urlsplit(url)
    answer = client.get(place.path, **dict(parse_qsl(place.query)))

    expected = {"download/byscript": 302, "downloadrecordbylink": 404}.get(place.path, 200)
    assert (answer.status_code, "Traceback" in answer.text) == (expected, False)


@pytest.mark.parametrize("command", MAPPED)
def test_an_answer_has_the_documented_elements(client: Client, command: str) -> None:
    """Elements, attributes and values are the same as in the sample."""
    assert _shape(client.xml(command, **PARAMETERS[command])) == _shape(fromstring(MAPPED[command]))  # noqa: S314


@pytest.mark.parametrize("accept", ["", "text/xml", "image/png", "nonsense"])
@pytest.mark.parametrize(
    ("command", "mark", "codec"),
    [
        ("tst_getuserstate", codecs.BOM_UTF16_LE, "utf-16-le"),
        ("tst_getintnumberreadyusers", b"", "utf-8"),
    ],
)
def test_the_bytes_have_the_declared_encoding(
    client: Client, command: str, accept: str, mark: bytes, codec: str
) -> None:
    """UTF-16 has its byte order mark, whatever the client's Accept header is."""
    parameters = {"password": client.facts["tokens"]["oktell"], **PARAMETERS[command]}
    answer = requests.get(client.url(command), params=parameters, headers={"Accept": accept}, timeout=60)

    assert answer.content.startswith(mark + '<?xml version="1.0" encoding="utf-'.encode(codec))
    assert answer.content.removeprefix(mark).decode(codec)


def test_the_plain_command_returns_the_value_alone(client: Client) -> None:
    """The answer of `execsvcscriptplain` is the value of the script and nothing else."""
    answer = client.get("execsvcscriptplain", **PARAMETERS["execsvcscript"])
    assert (answer.content, answer.headers["Content-Type"]) == (b"123=0;234=0", "text/plain; charset=utf-8")


def test_a_form_may_have_the_parameters(client: Client) -> None:
    """POST takes the same parameters from an urlencoded form, with names in any case."""
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
        ("getlicensefulltext", {}, r"Информация о лицензии\n(.*\n)*Номер регистрации: \d{7}\n(.*\n)*"),
    ],
)
def test_a_licence_has_the_documented_formats(
    client: Client, command: str, parameters: dict[str, str], text: str
) -> None:
    """The number has seven digits, and dates are day.month.year."""
    assert re.fullmatch(text, client.get(command, **parameters).text)


def test_the_xml_of_a_licence_is_complete(client: Client) -> None:
    """The document has every documented detail, and the others of the setting."""
    root = client.xml("getlicensefullxml")
    assert [each.attrib["key"] for each in root.iter("property_simple")] == [
        "regserial",
        "confirmdate",
        "updatelimitdate",
        "product",
    ]


def test_without_a_call_a_chain_is_empty(client: Client) -> None:
    """The chain is `{}`, and `wp_getabonentinfo` has the state of the line alone."""
    assert client.get("wp_getchaincontent", user="ivan").json() == {}
    assert json.loads(client.get("wp_getabonentinfo", user="ivan").content) == {
        "currentlinestate": 4,
        "currentlinestatestr": "lsReady",
    }
