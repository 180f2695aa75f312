"""Pages and messages in place of recordings: refused in every encoding, and named in the reason."""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Callable

import pytest

from chalicelib.recordings.audio import recognition
from chalicelib.recordings.audio.content import NotARecording

PAGE = "<!DOCTYPE html>\n<html><head><title>Доступ закрыт: яяя</title></head><body>я</body></html>"
JSON = '{"status": 403, "message": "Запись не найдена, яяя"}'
TITLE, MESSAGE = 'a page with the title "Доступ закрыт: яяя"', 'JSON with the message "Запись не найдена, яяя"'

ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "UTF-8": lambda text: text.encode(),
    "UTF-8 with a mark": lambda text: text.encode("utf-8-sig"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 LE without a mark": lambda text: text.encode("utf-16-le"),
    "UTF-16 BE without a mark": lambda text: text.encode("utf-16-be"),
    "UTF-16 BE": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "windows-1251": lambda text: text.encode("windows-1251"),
    "leading blanks": lambda text: b" \r\n\t\n" + text.encode(),
    "a mark and blanks": lambda text: codecs.BOM_UTF8 + b"\n  " + text.encode(),
    "gzip": lambda text: gzip.compress(text.encode()),
    "gzip of windows-1251": lambda text: gzip.compress(text.encode("windows-1251")),
}


def refusal(content: bytes) -> str:
    """Return the reason for which the content is refused."""
    with pytest.raises(NotARecording) as refused:
        recognition.extension(io.BytesIO(content))
    return str(refused.value.message)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("text", "description"), [(PAGE, TITLE), (JSON, MESSAGE)], ids=["page", "JSON"])
def test_a_page_is_refused_in_every_encoding(encoding: str, text: str, description: str) -> None:
    """The reason quotes the title or the message, so that the operator sees which page came."""
    reason = refusal(ENCODINGS[encoding](text))
    assert reason.startswith("What came is no recording: it is ")
    assert description in reason


@pytest.mark.parametrize(
    ("content", "description"),
    [
        (b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", 'the title "Access Denied"'),
        (b"<html><body>no title</body></html>", "it is a page"),
        (b'["no", "message"]', "it is JSON"),
        ("яяя я ыыы".encode("windows-1251") * 100, 'the text "яяя я ыыы'),
        (b"Not found", 'the text "Not found"'),
        (b" \n\n ", "blanks"),
        (b"%PDF-1.7\x00\x01\x02\x03", "begin with 25 50 44 46"),
        (b"\x1f\x8b\x08broken", "a compressed file (gzip)"),
        (b'{"error": "Use https://host.example/file?key=secret instead"}', '"Use … instead"'),
    ],
)
def test_other_content_is_described(content: bytes, description: str) -> None:
    """A reason is short, and holds no address, since addresses carry keys."""
    reason = refusal(content)
    assert description in reason
    assert len(reason) < 200


def test_an_empty_file_is_refused() -> None:
    """Nothing is no recording either."""
    assert refusal(b"") == "The file is empty"
