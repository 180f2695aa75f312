"""The files and fields of a body are read as clients mean them, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.oktell import multipart
from chalicelib.oktell.multipart import Sent
from chalicelib.oktell.multipart import files as read
from chalicelib.oktell.refusals import Wrong
from chalicelib.oktell.uploads import safe_name
from tests.oktell.bodies import BOUNDARY, MULTIPART, named, part


def _sent(*parts: bytes, end: bool = True) -> list[Sent]:
    body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode() * end
    return list(read(MULTIPART, "", "", body))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        (f"multipart/form-data; boundary={'b' * 71}", b"x"),
        (MULTIPART, b""),
        (MULTIPART, b"no boundary"),
        (MULTIPART, f"--{BOUNDARY}".encode()),
        (MULTIPART, f"--{BOUNDARY}\r\n{'X-Long: ' + 'x' * 9_000}\r\n\r\nx".encode()),
        (MULTIPART, part(named("x"), b"") * 101),
    ],
)
def test_a_body_that_is_no_mime_is_told(content_type: str, body: bytes) -> None:
    """It is refused before any file is stored."""
    with pytest.raises(Wrong):
        list(read(content_type, "", "", body))


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ('Content-Disposition: attachment; filename="a b.txt"', "a b.txt"),
        ("Content-Disposition: form-data; name=f; filename*=UTF-8''%D0%B0.txt", "а.txt"),  # noqa: RUF001
        ("Content-Type: audio/wav", ""),
        ("content-disposition: file; FileName=x.wav", "x.wav"),
    ],
)
def test_a_name_is_read_as_clients_write_it(head: str, name: str) -> None:
    """A name may be quoted, encoded or missing, under any disposition."""
    assert _sent(part(head, b"content")) == [Sent(name, b"content")]


def test_names_of_old_windows_are_read() -> None:
    """Headers that are not UTF-8 are Windows-1251."""
    head = named("Отчёт.txt").encode("cp1251")
    assert _sent(f"--{BOUNDARY}\r\n".encode() + head + b"\r\n\r\nx\r\n") == [Sent("Отчёт.txt", b"x")]


@pytest.mark.parametrize("typed", ["", "\r\nContent-Type: text/plain; charset=utf-8"])
def test_a_field_of_a_form_is_no_file(typed: str) -> None:
    """A field has a name alone, or is a parameter of the command."""
    fields = [part(f"Content-Disposition: form-data; name={name}{typed}", b"x") for name in ("password", '"Name"')]
    body = b"".join([*fields, part(named("a"), b"")])

    assert _sent(body) == [Sent("a", b"")]
    assert multipart.fields(MULTIPART, body) == {"password": "x", "name": "x"}


@pytest.mark.parametrize(
    "name",
    [f"filename*{'9' * 5_000}=x", "filename*=idna''%ff" + "a" * 300, "filename*=a\0b''%ff", "filename*=utf-7''+2AA-"],
)
def test_a_name_that_cannot_be_read_is_none(name: str) -> None:
    """The file is kept without its name, and no part of the name reaches a key."""
    (sent,) = _sent(part(f"Content-Disposition: form-data; name=f; {name}", b"x"))
    assert safe_name(sent.name).isprintable()


def test_a_boundary_that_cannot_be_read_is_none() -> None:
    """The body is refused."""
    with pytest.raises(Wrong):
        list(read(f"multipart/form-data; boundary*{'9' * 5_000}=x", "", "", b"x"))


@given(st.lists(st.binary(max_size=200), max_size=5), st.binary(max_size=20))
def test_what_is_sent_is_what_is_read(contents: list[bytes], preamble: bytes) -> None:
    """Any bytes are unchanged, whatever precedes the first part."""
    body = b"".join(part(named(str(number)), content) for number, content in enumerate(contents))
    whole = preamble + b"\r\n" + body + f"--{BOUNDARY}--".encode()
    delimited = [content for content in contents if f"--{BOUNDARY}".encode() not in content]
    if delimited == contents and b"--" not in preamble:
        assert [each.content for each in read(MULTIPART, "", "", whole)] == contents


@given(st.binary(max_size=400))
def test_no_body_brings_the_parser_down(body: bytes) -> None:
    """A body is read or refused with the interface's own error."""
    for whole in (body, part(named("x"), body), f"--{BOUNDARY}\r\n".encode() + body):
        try:
            list(read(MULTIPART, "", "", whole))
        except Wrong:
            continue


@given(st.text(max_size=300))
def test_no_name_leads_elsewhere(name: str) -> None:
    """A safe name has no slash, no dots at its ends and no control characters, and is not empty."""
    safe = safe_name(name)
    assert 0 < len(safe) <= 100
    assert not set(safe) & set('/\\:*?"<>|\0\r\n')
    assert not safe.startswith(".")
    assert safe.isprintable()
