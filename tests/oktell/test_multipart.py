"""The files and fields of a body: the forms that clients send are read, and anything else is refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.oktell import multipart
from chalicelib.oktell.multipart import UploadedFile
from chalicelib.oktell.multipart import files as read
from chalicelib.oktell.refusals import InvalidParameter
from chalicelib.oktell.uploads import safe_name
from tests.oktell.bodies import BOUNDARY, MULTIPART, named, part


def _files(*parts: bytes, end: bool = True) -> list[UploadedFile]:
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
def test_a_body_that_is_no_mime_is_refused(content_type: str, body: bytes) -> None:
    """The answer is 400, and no file is stored."""
    with pytest.raises(InvalidParameter):
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
def test_a_file_name_is_read(head: str, name: str) -> None:
    """The name may be quoted or encoded, or may be missing, under any disposition."""
    assert _files(part(head, b"content")) == [UploadedFile(name, b"content")]


def test_a_name_in_windows_1251_is_read() -> None:
    """Headers that are not UTF-8 are read as Windows-1251."""
    head = named("Отчёт.txt").encode("cp1251")
    assert _files(f"--{BOUNDARY}\r\n".encode() + head + b"\r\n\r\nx\r\n") == [UploadedFile("Отчёт.txt", b"x")]


@pytest.mark.parametrize("typed", ["", "\r\nContent-Type: text/plain; charset=utf-8"])
def test_a_field_of_a_form_is_no_file(typed: str) -> None:
    """A form field has no file name. The interface's own parameters are form fields even with a content type."""
    fields = [part(f"Content-Disposition: form-data; name={name}{typed}", b"x") for name in ("password", '"Name"')]
    body = b"".join([*fields, part(named("a"), b"")])

    assert _files(body) == [UploadedFile("a", b"")]
    assert multipart.fields(MULTIPART, body) == {"password": "x", "name": "x"}


@pytest.mark.parametrize(
    "name",
    [f"filename*{'9' * 5_000}=x", "filename*=idna''%ff" + "a" * 300, "filename*=a\0b''%ff", "filename*=utf-7''+2AA-"],
)
def test_a_file_with_an_unreadable_name_is_stored(name: str) -> None:
    """The file is not lost, and its key has no special characters."""
    (file,) = _files(part(f"Content-Disposition: form-data; name=f; {name}", b"x"))
    assert safe_name(file.name).isprintable()


def test_an_unreadable_boundary_is_refused() -> None:
    """The answer is 400."""
    with pytest.raises(InvalidParameter):
        list(read(f"multipart/form-data; boundary*{'9' * 5_000}=x", "", "", b"x"))


@given(st.lists(st.binary(max_size=200), max_size=5), st.binary(max_size=20))
def test_contents_are_read_unchanged(contents: list[bytes], preamble: bytes) -> None:
    """A file may have any bytes, line ends and dashes too, and the body may begin with a preamble."""
    body = b"".join(part(named(str(number)), content) for number, content in enumerate(contents))
    whole = preamble + b"\r\n" + body + f"--{BOUNDARY}--".encode()
    delimited = [content for content in contents if f"--{BOUNDARY}".encode() not in content]
    if delimited == contents and b"--" not in preamble:
        assert [each.content for each in read(MULTIPART, "", "", whole)] == contents


@given(st.binary(max_size=400))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    """The reader raises no error but InvalidParameter."""
    for whole in (body, part(named("x"), body), f"--{BOUNDARY}\r\n".encode() + body):
        try:
            list(read(MULTIPART, "", "", whole))
        except InvalidParameter:
            continue


@given(st.text(max_size=300))
def test_a_safe_name_has_no_special_characters(name: str) -> None:
    """A safe name has no slash and no control characters, does not begin with a dot, and is not empty."""
    safe = safe_name(name)
    assert 0 < len(safe) <= 100
    assert not set(safe) & set('/\\:*?"<>|\0\r\n')
    assert not safe.startswith(".")
    assert safe.isprintable()
