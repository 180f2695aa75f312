"""The work that a request without a password causes. It is counted in function calls, so that no slow machine fails."""

from __future__ import annotations

import sys
from base64 import b64encode
from types import FrameType

import pytest

from chalicelib.authentication import callers
from chalicelib.edge import Request
from chalicelib.errors import RingledgerError, TooLarge
from chalicelib.oktell import multipart, surface
from chalicelib.oktell.refusals import Denied, InvalidParameter
from tests.oktell.bodies import BOUNDARY, MULTIPART, part

#: The worst of these bodies makes 46,000 calls. Without limits on headers, the first one made 11 million.
CALLS_LIMIT = 55_000

FIELD = 'Content-Disposition: form-data; name="x"'
FORM = "application/x-www-form-urlencoded"
BODIES = {
    "semicolons": (MULTIPART, b"".join(part(FIELD + ";" * 8_000, b"") for _ in range(99))),
    "parameters of a field": (MULTIPART, b"".join(part(FIELD + ";a=b" * 7, b"x" * 4_000) for _ in range(99))),
    "lines of headers": (MULTIPART, b"".join(part("a:\r\n" * 2_000 + FIELD, b"") for _ in range(99))),
    "continued names": (
        MULTIPART,
        b"".join(part(FIELD + "".join(f";name*{n}*=%41" for n in range(7)), b"%" * 4_000) for _ in range(99)),
    ),
    "many parts": (MULTIPART, part("a: b", b"") * 40_000),
    "almost boundaries": (MULTIPART, f"\r\n--{BOUNDARY[:-1]}".encode() * 50_000),
    "a content type": (f"multipart/form-data{';' * 9_000}boundary=x", b"x" * 1_000_000),
    "percent signs": (FORM, b"a=" + b"%" * 510_000),
    "empty fields": (FORM, b"&" * 510_000),
    "many passwords": (FORM, b"&password=" * 51_000),
    "a body without a type": ("", b"a=" + b"%" * 1_000_000),
}


def _request(content_type: str, body: bytes, command: str = "upload") -> Request:
    return Request("request", "POST", {"command": command}, {}, {"content-type": content_type}, body)


#: The worst bodies of other commands, which are half as large at most.
OTHERS = {
    "parts of a command": (MULTIPART, part(FIELD + ";a=b" * 7, b"x" * 4_000) * 99),
    "a nested form": (MULTIPART, part("Content-Type: multipart/mixed; boundary=b", b"--b\n\n\n" * 60_000)),
    "spaces after boundaries": (MULTIPART, f"--{BOUNDARY}{' ' * 64}x\r\n".encode() * 6_000),
}


def _calls(request: Request) -> tuple[int, type[RingledgerError]]:
    """Return the function calls until the request is refused, those of C functions too, and the refusal."""
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        surface.command(request, {})
    except RingledgerError as error:
        return calls, type(error)
    finally:
        sys.setprofile(None)
    raise AssertionError("the request was not refused")


@pytest.mark.parametrize("name", BODIES)
def test_a_body_without_a_password_is_refused_cheaply(name: str) -> None:
    """A megabyte of the worst body makes about as many calls as a small body."""
    calls, refusal = _calls(_request(*BODIES[name]))

    assert refusal in {Denied, TooLarge}
    assert calls < CALLS_LIMIT


@pytest.mark.parametrize("name", OTHERS)
def test_a_multipart_body_of_another_command_is_refused_cheaply(name: str) -> None:
    """Every command reads a password from a multipart form, within the limits of `upload`."""
    calls, refusal = _calls(_request(*OTHERS[name], "wp_flash"))

    assert refusal in {Denied, TooLarge}
    assert calls < CALLS_LIMIT


@pytest.mark.parametrize(
    "head",
    [FIELD + "; filename=x" + ";" * 64, FIELD + "; filename=x\r\n" + "\r\n".join(["a: b"] * 64)],
    ids=["semicolons", "lines"],
)
def test_headers_beyond_their_limits_are_refused(head: str) -> None:
    """Uploads of authenticated callers are refused, too, since the standard library reads such headers slowly."""
    body = part(head, b"content") + f"--{BOUNDARY}--\r\n".encode()
    with pytest.raises(InvalidParameter):
        list(multipart.files(MULTIPART, "", "", body))


@pytest.mark.parametrize(
    ("query", "content_type", "body"),
    [
        ({"PassWord": "first"}, FORM, b"password=second"),
        ({}, FORM, b"a=1&Password=other&PASSWORD=first"),
        ({}, FORM, b"password=f%69rst&x=%"),
        ({}, MULTIPART, part(FIELD.replace("x", "Password"), b"first") + f"--{BOUNDARY}--\r\n".encode()),
    ],
)
def test_a_password_may_be_in_several_places(query: dict[str, str], content_type: str, body: bytes) -> None:
    """The address comes before the form. A form's last password counts, in any case of letters, escaped or not."""
    request = Request("request", "POST", {"command": "upload"}, query, {"content-type": content_type}, body)
    passwords = surface.passwords(request)
    assert next(password for password in passwords if password) == "first"


def test_one_password_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check of a short password takes 15 ms of CPU time, so the first password of a request counts."""
    checked: list[str] = []
    monkeypatch.setattr(callers, "authenticate", lambda password, *_, **_more: checked.append(password))
    basic = {"authorization": f"Basic {b64encode(b'user:second').decode()}", "content-type": FORM}
    http = Request("1", "POST", {"command": "wp_flash"}, {"password": "first"}, basic, b"password=third")
    with pytest.raises(Denied):
        surface.command(http, {})
    assert checked == ["first"]


def test_a_form_has_no_password_if_only_the_end_of_a_name_fits() -> None:
    """`xpassword` is another field."""
    assert _request(FORM, b"xpassword=1&password").form_value("password") == ""
