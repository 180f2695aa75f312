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
        ("Content-Disposition: form-data; name=f; filename*=UTF-8''%D0%B0.txt", "а.txt"),
        ("Content-Type: audio/wav", ""),
        ("content-disposition: file; FileName=x.wav", "x.wav"),
    ],
)
def test_a_file_name_is_read(head: str, name: str) -> None:
    """The name may be quoted or encoded, or may be missing, under any disposition."""
    assert _files(part(head, b"content")) == [UploadedFile(name, b"content")]


@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ("filename*=iso-8859-1'fr'%E9t%E9.txt", "été.txt"),
        ("filename*=ISO-8859-1''%A3%20rates", "£ rates"),
        ("filename*=windows-1250''%9E%E1k.txt", "žák.txt"),
        ('filename="=?iso-8859-1?Q?=E9t=E9.txt?="', "été.txt"),
        ("filename*=no-such-encoding''%E0%E1.txt", "аб.txt"),
    ],
)
def test_an_encoding_beside_the_name_counts(parameter: str, name: str) -> None:
    """It is believed also where a form's own declaration of it would not be."""
    head = f"Content-Disposition: form-data; name=f; {parameter}"
    assert _files(part(head, b"content")) == [UploadedFile(name, b"content")]


NAME = "Отчёт №7.txt"
RFC_2047_8 = "=?utf-8?B?0J7RgtGH0ZHRgiDihJY3LnR4dA==?="
RFC_2047_1251 = "=?windows-1251?Q?=CE=F2=F7=B8=F2_=B97.txt?="
RFC_5987 = "utf-8''%D0%9E%D1%82%D1%87%D1%91%D1%82%20%E2%84%967.txt"


@pytest.mark.parametrize(
    "parameter",
    [
        f'filename="{RFC_2047_8}"; filename*={RFC_5987}',
        f"filename=other.txt; filename*={RFC_5987}",
        f"filename*={RFC_5987}; filename=other.txt",
        f'filename*="{RFC_5987}"',
        "filename*=windows-1251'ru'%CE%F2%F7%B8%F2%20%B97.txt",
        f'filename="{RFC_2047_8}"',
        f'filename="{RFC_2047_1251}"',
        f'filename="{NAME}"',
        f'filename="C:\\Мои документы\\{NAME}"',
        f"filename={NAME}",
        "filename*0*=utf-8''%D0%9E%D1%82%D1%87; filename*1*=%D1%91%D1%82%20%E2%84%96; filename*2=7.txt",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "cp1251"])
def test_a_russian_name_is_read(parameter: str, codec: str) -> None:
    """`filename*` counts first, then encoded words, then the bytes as they are, in a part and in a header."""
    head = f"Content-Disposition: form-data; name=f; {parameter}"
    body = f"--{BOUNDARY}\r\n".encode() + head.encode(codec) + b"\r\n\r\nx\r\n" + f"--{BOUNDARY}--".encode()
    (in_a_part,) = read(MULTIPART, "", "", body)
    # A server decodes the bytes of a header as Latin-1.
    (in_a_header,) = read(
        "application/octet-stream", f"attachment; {parameter}".encode(codec).decode("latin-1"), "", b"x"
    )

    assert [safe_name(each.name) for each in (in_a_part, in_a_header)] == [safe_name(NAME)] * 2


def test_dotnet_sends_words_and_an_extended_name() -> None:
    """The body is that of .NET's MultipartFormDataContent: the boundary is in quotes, and names have none."""
    lines = [
        "--5b2d-77",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Disposition: form-data; name=comment",
        "",
        "привет",
        "--5b2d-77",
        f'Content-Disposition: form-data; name=file; filename="{RFC_2047_8}"; filename*={RFC_5987}',
        "",
        "content",
        "--5b2d-77--",
        "",
    ]
    body = "\r\n".join(lines).encode()
    content_type = 'multipart/form-data; boundary="5b2d-77"'
    assert list(read(content_type, "", "", body)) == [UploadedFile(NAME, b"content")]
    assert multipart.fields(content_type, body) == {"comment": "привет"}


def test_a_browser_of_1998_sends_a_path_in_windows_1251() -> None:
    """The name has backslashes that escape nothing, and the field that the user left empty is no file."""
    head = named("C:\\Мои документы\\новый.doc").encode("cp1251")
    empty = part(named("") + "\r\nContent-Type: application/octet-stream", b"")
    body = f"--{BOUNDARY}\r\n".encode() + head + b"\r\n\r\nx\r\n" + empty + f"--{BOUNDARY}--\r\n".encode()
    (file,) = read(MULTIPART, "", "", body)
    assert safe_name(file.name) == "новый.doc"


@pytest.mark.parametrize("name", ['a "b".txt', "a;b.txt", "a=b.txt"])
@pytest.mark.parametrize("escaped", [('"', '\\"'), ('"', "%22")])
def test_a_name_may_have_special_characters(name: str, escaped: tuple[str, str]) -> None:
    """Old versions of curl escape quotes with backslashes, present ones and browsers as %22."""
    assert _files(part(named(name.replace(*escaped)), b"x")) == [UploadedFile(name, b"x")]


def test_several_files_in_one_field() -> None:
    """RFC 2388 puts them into one part of type multipart/mixed with a boundary of its own, which may begin alike."""
    inner = "".join(
        f"--{BOUNDARY}2\r\nContent-Disposition: file; filename={name}\r\n\r\n{name}\r\n" for name in ("a.txt", "b.txt")
    )
    head = f'Content-Disposition: form-data; name=files\r\nContent-Type: multipart/mixed; boundary="{BOUNDARY}2"'
    body = part(head, f"{inner}--{BOUNDARY}2--\r\n".encode()) + part(named("c.txt"), b"c")

    assert _files(body) == [
        UploadedFile("a.txt", b"a.txt"),
        UploadedFile("b.txt", b"b.txt"),
        UploadedFile("c.txt", b"c"),
    ]


def test_nested_parts_count_together() -> None:
    """The limit of parts holds for the whole body."""
    inner = "--i\r\n" + f"{named('x')}\r\n\r\n\r\n--i\r\n" * 60 + f"{named('x')}\r\n\r\n\r\n--i--"
    head = "Content-Disposition: form-data; name=f\r\nContent-Type: multipart/mixed; boundary=i"
    with pytest.raises(InvalidParameter, match="100 parts"):
        _files(part(head, inner.encode()), part(head, inner.encode()))


@pytest.mark.parametrize("content", [b"", b"one\ntwo", b"ends with CR\r", b"\n"])
def test_lines_may_end_with_lf_alone(content: bytes) -> None:
    """The first boundary shows how lines end; the content is unchanged."""
    body = b"".join(
        f"--{BOUNDARY}\n{named(name)}\nContent-Type: image/png\n\n".encode() + content + b"\n" for name in ("a", "b")
    )
    assert _files(body, end=False) != []
    assert list(read(MULTIPART, "", "", body + f"--{BOUNDARY}--\n".encode())) == [
        UploadedFile("a", content),
        UploadedFile("b", content),
    ]


def test_an_empty_file_with_a_name_is_a_file() -> None:
    """Only a part without a name and without content is no file."""
    assert _files(part(named("empty.txt"), b""), part(named(""), b"x")) == [
        UploadedFile("empty.txt", b""),
        UploadedFile("", b"x"),
    ]


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


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Счёт №7 & «копия» 50%.pdf", "Счёт №7 & «копия» 50%.pdf"),
        ("и\u0306.txt", "й.txt"),
        ("${filename}.txt", "__filename_.txt"),
        ("C:\\Мои документы\\a.doc", "a.doc"),
        ("a\tb\ud800.txt", "a_b_.txt"),
    ],
)
def test_a_safe_name_keeps_what_it_can(name: str, safe: str) -> None:
    """Only characters that a file's name cannot have are replaced, and accents join their letters."""
    assert safe_name(name) == safe


@given(st.text(max_size=300))
def test_a_safe_name_has_no_special_characters(name: str) -> None:
    """A safe name has no slash and no control characters, does not begin with a dot, and is not empty."""
    safe = safe_name(name)
    assert 0 < len(safe) <= 100
    assert not set(safe) & set('/\\:*?"<>|\0\r\n')
    assert not safe.startswith(".")
    assert safe.isprintable()
