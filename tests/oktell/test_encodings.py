"""Parameters in UTF-8, in Windows-1251 and in the escapes of old clients, in addresses and in forms."""

from __future__ import annotations

from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.edge import Request
from chalicelib.errors import InvalidRequest
from chalicelib.oktell import encodings
from tests.oktell.bodies import BOUNDARY, MULTIPART, part
from tests.oktell.conftest import Client

FORM = "application/x-www-form-urlencoded"
NAME = "Иван Петров"


@pytest.mark.parametrize(
    "query",
    [
        "user=%C8%E2%E0%ED+%CF%E5%F2%F0%EE%E2",
        "user=%D0%98%D0%B2%D0%B0%D0%BD%20%D0%9F%D0%B5%D1%82%D1%80%D0%BE%D0%B2",
        "user=%u0418%u0432%u0430%u043d%20%u041F%u0435%u0442%u0440%u043e%u0432",
    ],
    ids=["windows-1251", "utf-8", "escape()"],
)
def test_an_address_selects_a_user_in_any_encoding(client: Client, query: str) -> None:
    """Delphi and 1C escape Windows-1251, classic ASP escapes UTF-16."""
    token = client.facts["tokens"]["oktell"]
    with closing(HTTPConnection(urlsplit(client.facts["url"]).netloc, timeout=60)) as connection:
        # Not through requests, which escapes the address again.
        connection.request("GET", f"/wp_getabonentinfo?password={token}&{query}")
        assert connection.getresponse().status == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, b"user=%C8%E2%E0%ED+%CF%E5%F2%F0%EE%E2"),
        (FORM, NAME.encode("cp1251").join([b"user=", b""])),
        (FORM, f"user={NAME}".encode()),
        (f"{FORM}; charset=windows-1251", b"user=" + NAME.encode("cp1251")),
        (f'{FORM}; Charset="Windows-1251"', urlencode({"user": NAME.encode("cp1251")}).encode()),
        (f"{FORM}; charset=koi8-r", b"user=" + NAME.encode("koi8-r")),
        (f"{FORM};charset=UTF-8", b"user=%u0418%u0432%u0430%u043d %u041F%u0435%u0442%u0440%u043e%u0432"),
    ],
)
def test_a_form_is_read_in_its_encoding(content_type: str, body: bytes) -> None:
    """The declared encoding counts. Without one it is UTF-8, or else Windows-1251."""
    http = Request("1", "POST", {}, {}, {"content-type": content_type}, body)
    assert encodings.parameters(http) == {"user": NAME}


def test_a_field_of_a_multipart_form_is_a_parameter_of_every_command(client: Client) -> None:
    """The password is read from it, too, and a field can be in Windows-1251."""
    token = client.facts["tokens"]["oktell"]
    for password, status in ((token, 200), ("wrong", 403)):
        body = part("Content-Disposition: form-data; name=Password", password.encode())
        body += part("Content-Disposition: form-data; name=user", NAME.encode("cp1251"))
        body += f"--{BOUNDARY}--\r\n".encode()
        headers = {"Content-Type": MULTIPART}
        answer = requests.post(client.url("wp_getabonentinfo"), data=body, headers=headers, timeout=60)
        assert answer.status_code == status, answer.text


def test_an_address_in_a_header_is_the_address() -> None:
    """The relay sends it where API Gateway cannot decode the address."""
    headers = {"x-raw-query": "user=%C8%E2%E0%ED"}
    http = Request("1", "GET", {}, {}, headers, b"", "user=%EF%BF%BD")
    assert encodings.parameters(http) == {"user": "Иван"}


def test_too_many_fields_are_refused() -> None:
    """The limit holds for the address and for the form."""
    with pytest.raises(InvalidRequest, match="100 fields"):
        encodings.parameters(Request("1", "POST", {}, {}, {}, b"a=&" * 101))
    with pytest.raises(InvalidRequest):
        encodings.parameters(Request("1", "GET", {}, {}, {}, b"", "&".join(["a="] * 101)))


@given(st.binary(max_size=60), st.sampled_from(["", "; charset=utf-8", "; charset=windows-1251", "; charset=koi8-r"]))
def test_any_form_is_read(body: bytes, charset: str) -> None:
    """No bytes raise an error."""
    http = Request("1", "POST", {}, {}, {"content-type": FORM + charset}, b"a=" + body.replace(b"&", b""))
    assert "a" in encodings.parameters(http)


@given(st.text(st.characters(codec="utf-8")))
def test_a_value_in_utf_8_is_read_unchanged(value: str) -> None:
    """UTF-8 is never taken for another encoding."""
    if "%u" not in value.lower():
        http = Request("1", "GET", {}, {}, {}, b"", urlencode({"a": value}))
        assert encodings.parameters(http)["a"] == value
