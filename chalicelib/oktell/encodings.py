"""The characters of a request: UTF-8, Windows-1251 and `%u0418`, as Delphi, 1C and classic ASP send them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from chalicelib import edge
from chalicelib.edge import FIELDS_LIMIT, Request
from chalicelib.errors import InvalidRequest

#: Names of encodings that a client may declare, without hyphens and underscores -> the codec.
_CODECS = {
    "utf8": "utf-8",
    "windows1251": "cp1251",
    "cp1251": "cp1251",
    "1251": "cp1251",
    "koi8r": "koi8-r",
    "cp866": "cp866",
    "ibm866": "cp866",
    "iso88595": "iso8859-5",
}
#: Further encodings that are believed where they are written beside the very word. As the encoding of a whole form,
#: Latin-1 is the default of programs that send Windows-1251.
_WORD_CODECS = {
    "iso88591": "cp1252",
    "latin1": "cp1252",
    "windows1252": "cp1252",
    "iso88592": "iso8859-2",
    "windows1250": "cp1250",
    "iso885915": "iso8859-15",
    "koi8u": "koi8-u",
}
RAW_QUERY_HEADER = "x-raw-query"
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]{1,40})", re.IGNORECASE)
# The escapes of JavaScript's escape() and of classic ASP: UTF-16 code units.
_UNITS = re.compile(r"(?:%u[0-9a-f]{4})+", re.IGNORECASE)


def codec(name: str) -> str:
    """Return the codec of an encoding's name, or an empty text for an unknown name."""
    return _CODECS.get(_plain(name), "")


def word_codec(name: str) -> str:
    """Return the codec of an encoding that is named beside a word, or an empty text for an unknown name."""
    return codec(name) or _WORD_CODECS.get(_plain(name), "")


def _plain(name: str) -> str:
    return re.sub(r"[-_]", "", name).lower()


def declared(content_type: str) -> str:
    """Return the codec of the encoding that a Content-Type declares, or an empty text."""
    found = _CHARSET.search(content_type)
    return codec(found[1]) if found else ""


def text(content: bytes, codec: str = "") -> str:
    """Decode text in `codec`. Without one, it is UTF-8, or else Windows-1251, which Russian Windows sends."""
    if codec and codec != "utf-8":
        return content.decode(codec, "replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1251", "replace")


def header(value: str) -> str:
    """Return a header's value in its own encoding: servers decode headers as Latin-1."""
    try:
        return text(value.encode("latin-1", "surrogateescape"))
    except UnicodeEncodeError:
        return value


def parameters(http: Request) -> dict[str, str]:
    """Return the parameters of the address and of an urlencoded form; the form takes precedence.

    Names keep their case, and the last of repeated values counts. Raise InvalidRequest for too many fields.
    """
    # The relay of infra/relay sends an address here that API Gateway could not decode.
    fields = dict(_fields(http.headers.get(RAW_QUERY_HEADER) or http.query_string, ""))
    content_type = http.headers.get("content-type", "")
    if http.method == "POST" and edge.is_form(content_type):
        fields |= _fields(http.body.decode("latin-1"), declared(content_type))
    return fields


def _fields(form: str, codec: str) -> Iterator[tuple[str, str]]:
    if form.count("&") >= FIELDS_LIMIT:
        raise InvalidRequest(f"A form may have {FIELDS_LIMIT} fields")
    for field in form.split("&"):
        name, equals, value = field.partition("=")
        if equals:
            yield _unescaped(name, codec), _unescaped(value, codec)


def _unescaped(escaped: str, codec: str) -> str:
    content = unquote_to_bytes(escaped.replace("+", " ").encode("latin-1", "replace"))
    return _UNITS.sub(lambda found: _units(found[0]), text(content, codec))


def _units(escapes: str) -> str:
    return bytes.fromhex(escapes.replace("%u", "").replace("%U", "")).decode("utf-16-be", "replace")
