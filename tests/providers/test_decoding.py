"""Webhooks in every encoding and packing that senders use come out as the same text."""

from __future__ import annotations

import codecs
import gzip
import json
import zlib
from datetime import datetime
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import providers
from chalicelib.calls.events import Event, Kind, Raw, Source, Unreadable
from chalicelib.providers import decoding, text
from chalicelib.providers.decoding import ASSUMED, HALF_CHARACTERS, REPLACED, SENT_REPLACED
from chalicelib.providers.unpacking import UNPACKED_LIMIT

ACCEPTED = datetime(2026, 11, 21, 10)  # noqa: DTZ001 - times are naive UTC throughout
NAME = "Иван"
CALL = {"EventType": "dial-in", "CallID": "1", "EventTime": "1766736711480097"}
FORM = urlencode(CALL)
OBJECT = json.dumps(CALL | {"CallerIDName": NAME}, ensure_ascii=False)
SOURCES = {
    "telphin": Source(4, "telphin", "13596", "13596*106"),
    "mtt": Source(5, "mtt", "79586488002", "redirects"),
}


def read(body: bytes = b"", provider: str = "telphin", **posted: Any) -> Event:
    """Return the event of a webhook with this body."""
    events = providers.parse(Raw("1", ACCEPTED, provider, body=body, **posted), SOURCES[provider])
    assert isinstance(events, list), events
    return events[0]


def note(event: Event) -> str:
    """Return the note on the encoding of an event, or an empty text."""
    return dict(event.notes).get("encoding", "")


def gzipped(content: bytes) -> bytes:
    """Return `content` as a gzip member without a time, so that test ids are the same in every process."""
    return gzip.compress(content, mtime=0)


def form(name: str) -> bytes:
    """Return a form with a caller's name that is escaped already."""
    return f"{FORM}&CallerIDName={name}".encode()


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (form(quote(NAME)), "", ""),
        (form("%C8%E2%E0%ED"), "", ASSUMED),
        (form("%c8%e2%e0%ed"), "application/x-www-form-urlencoded", ASSUMED),
        (form("%C8%E2%E0%ED"), "application/x-www-form-urlencoded; charset=windows-1251", ""),
        (form("%C8%E2%E0%ED"), 'application/x-www-form-urlencoded; charset="Windows-1251"', ""),
        (form("%C8%E2%E0%ED"), "application/x-www-form-urlencoded; charset='cp1251' ; x=y", ""),
        (form("%C8%E2%E0%ED"), "application/x-www-form-urlencoded;CHARSET = windows-1251", ""),
        (form("%C8%E2%E0%ED"), "application/x-www-form-urlencoded; charset=utf-8", ASSUMED),
        (form("%C8%E2%E0%ED"), "application/x-www-form-urlencoded; charset=us-ascii", ASSUMED),
        (form("%C8%E2%E0%ED"), "application/x-www-form-urlencoded; charset=klingon", ASSUMED),
        (form("%C8%E2%E0%ED"), "application/x-www-form-urlencoded; charset=base64", ASSUMED),
        (form("%C8%E2%E0%ED"), "application/x-www-form-urlencoded; charset=utf-16", ASSUMED),
        (form("%C8%E2%E0%ED"), "application/x-www-form-urlencoded; charset=", ASSUMED),
        (form("") + NAME.encode("cp1251"), "", ASSUMED),
        (form("") + NAME.encode("cp1251"), "text/plain; charset=windows-1251", ""),
        (form("") + NAME.encode("koi8-r"), "text/plain; charset=koi8-r", ""),
        (form(quote(NAME.encode("koi8-r"))), "text/plain; charset=KOI8-R", ""),
        (form(quote(NAME.encode("cp866"))), "text/plain; charset=ibm866", ""),
        (form(quote(NAME)), "text/plain; charset=windows-1251", ""),
        (form("") + NAME.encode(), "", ""),
        (form("") + b"\xd0%98%D0\xb2" + quote(NAME[2:]).encode(), "", ""),
        (form("") + NAME[:2].encode() + quote(NAME[2:]).encode().lower(), "", ""),
        (form(quote(NAME).replace("%D0", "%d0").replace("%B0", "%b0")), "", ""),
        (codecs.BOM_UTF8 + form("") + NAME.encode(), "", ""),
        (b"%EF%BB%BF" + form(quote(NAME)), "", ""),
        (form(NAME).decode().encode("utf-16"), "", ""),
        (form(NAME).decode().encode("utf-16-le"), "", ""),
        (form(NAME).decode().encode("utf-16-be"), "", ""),
        (form(NAME).decode().encode("utf-32"), "", ""),
        (form("%C8%E2%E0%ED").decode().encode("utf-16"), "", ASSUMED),
        (OBJECT.encode(), "", ""),
        (json.dumps(json.loads(OBJECT)).encode(), "", ""),
        (codecs.BOM_UTF8 + OBJECT.encode(), "", ""),
        (OBJECT.encode("utf-16"), "", ""),
        (OBJECT.encode("utf-16-le"), "application/json", ""),
        (OBJECT.encode("utf-16-be"), "application/json; charset=utf-16", ""),
        (OBJECT.encode("utf-32"), "", ""),
        (OBJECT.encode("utf-32-be"), "", ""),
        (OBJECT.encode("cp1251"), "", ASSUMED),
        (OBJECT.encode("cp1251"), "application/json; charset=windows-1251", ""),
        (OBJECT.encode("koi8-r"), "application/json; charset=koi8-r", ""),
    ],
)
def test_a_name_in_any_encoding(body: bytes, content_type: str, expected: str) -> None:
    """The caller's name is read, with a note only where the encoding was guessed."""
    event = read(body, content_type=content_type)

    assert (event.call_id, event.caller_name, note(event)) == ("1", NAME, expected)


def test_broken_escapes_stay_as_they_are() -> None:
    """A percent sign that escapes nothing is part of the text."""
    assert read(form("100%25%20%zz%") + "é%20Ã©".encode()).caller_name == "100% %zz%é Ã©"


def test_a_name_in_latin_1() -> None:
    """A declared charset of Western Europe is used as declared."""
    event = read(form("Jos%E9"), content_type="application/x-www-form-urlencoded; charset=ISO-8859-1")

    assert (event.caller_name, note(event)) == ("José", "")


def test_encodings_are_decided_value_by_value() -> None:
    """A form and an object that mix UTF-8 with windows-1251 lose neither."""
    names = {"CallerIDName": NAME.encode(), "CallBackID": NAME.encode("cp1251")}
    mixed_form = f"{FORM}&{urlencode(names)}".encode()
    members = b",".join(b'"%s":"%s"' % (name.encode(), value) for name, value in names.items())
    mixed_object = json.dumps(CALL).encode()[:-1] + b"," + members + b"}"

    for body in (mixed_form, mixed_object):
        event = read(body)
        assert (event.caller_name, event.callback, note(event)) == (NAME, NAME, ASSUMED)


@pytest.mark.parametrize(
    ("name", "expected", "noted"),
    [
        (quote(NAME)[:-3], "Ива\ufffd", REPLACED),
        (quote("Пётр") + "%FF" + quote(NAME), f"Пётр\ufffd{NAME}", REPLACED),
        ("%C8%E2%98%ED", "Ив\ufffdн", REPLACED),
        (quote("\ufffd\ufffd"), "\ufffd\ufffd", SENT_REPLACED),
    ],
    ids=["cut within a character", "a stray byte", "a byte of no charset", "replaced by the sender"],
)
def test_what_cannot_be_decoded_is_noted(name: str, expected: str, noted: str) -> None:
    """Replacement characters never come without a note, and the raw event is the sender's own."""
    event = read(form(name))

    assert (event.caller_name, note(event)) == (expected, noted)


def test_half_of_a_surrogate_pair_is_noted() -> None:
    """PostgreSQL stores no half characters: what replaces one is noted, and whole pairs stay."""
    whole = read(json.dumps(CALL | {"CallerIDName": "😀"}).encode())
    half = read(json.dumps(CALL | {"CallerIDName": "I\ud83dvan"}).encode())

    assert (whole.caller_name, note(whole)) == ("😀", "")
    assert (half.caller_name, note(half)) == ("I?van", HALF_CHARACTERS)


def test_a_query_is_decoded_like_a_body() -> None:
    """A GET subscription may have windows-1251 escapes too."""
    event = read(query="%EF%BB%BF" + form("%C8%E2%E0%ED").decode())

    assert (event.call_id, event.kind, event.caller_name, note(event)) == ("1", Kind.DIAL_IN, NAME, ASSUMED)


def _raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("packed", "coding"),
    [
        (gzipped(form(quote(NAME))), "gzip"),
        (gzipped(form(quote(NAME))), " GZip "),
        (gzipped(form(quote(NAME))), "x-gzip"),
        (gzipped(form(quote(NAME))[:40]) + gzipped(form(quote(NAME))[40:]), "gzip"),
        (zlib.compress(form(quote(NAME))), "deflate"),
        (_raw_deflate(form(quote(NAME))), "deflate"),
        (gzipped(zlib.compress(form(quote(NAME)))), "deflate, gzip"),
        (form(quote(NAME)), "identity"),
        (form(quote(NAME)), "gzip"),
        (OBJECT.encode(), "deflate"),
        (form(quote(NAME)), ", ,"),
        (gzipped(OBJECT.encode("utf-16")), "gzip"),
        (gzipped(codecs.BOM_UTF8 + OBJECT.encode()), "identity, gzip"),
    ],
)
def test_packed_bodies_are_unpacked(packed: bytes, coding: str) -> None:
    """Content-Encoding is undone, in any letters and however often it was applied, unless the gateway did so before."""
    event = read(packed, content_encoding=coding)

    assert (event.caller_name, note(event)) == (NAME, "")


@pytest.mark.parametrize(
    ("packed", "coding", "reason"),
    [
        (gzipped(form("x"))[:-6], "gzip", "The body is not gzip"),
        (gzipped(form("x")) + b"rest", "gzip", "The body is not gzip"),
        (b"", "gzip", "The body is not gzip"),
        (zlib.compress(form("x"))[:-6], "deflate", "The body is not deflate"),
        (form("x"), "br", "Content-Encoding br is not supported"),
        (b"\0" + form("x"), "gzip", "The body is not gzip"),
        (form("x"), "gzip, gzip, gzip, gzip", "may name 3 codings"),
        (gzipped(bytes(UNPACKED_LIMIT + 1)), "gzip", "larger than 1048576 bytes"),
        (gzipped(gzipped(bytes(20_000_000))), "gzip, gzip", "larger than 1048576 bytes"),
        (gzipped(b"x") * 17, "gzip", "may have 16 parts"),
    ],
)
@pytest.mark.parametrize("provider", providers.NAMES)
def test_bodies_that_cannot_be_unpacked_are_refused(provider: str, packed: bytes, coding: str, reason: str) -> None:
    """Every provider's sender learns why, and a bomb costs no more memory than the limit."""
    with pytest.raises(Unreadable) as refused:
        providers.read(Raw("1", ACCEPTED, provider, body=packed, content_encoding=coding))

    assert reason in refused.value.message


def test_mtt_and_native_rows_are_decoded_alike() -> None:
    """The other providers' JSON may be packed and in any encoding as well."""
    notification = {"event": {"type": "o"}, "h323_conf_id": "A", "client_id": NAME}
    table = {"table": "calls.cancelled", "rows": [{"callednum": NAME}]}
    for encoding in ("utf-8-sig", "utf-16", "utf-32", "cp1251"):
        body = gzipped(json.dumps(notification, ensure_ascii=False).encode(encoding))
        assert dict(read(body, "mtt", content_encoding="gzip").notes)["client_id"] == NAME
        body = gzipped(json.dumps(table, ensure_ascii=False).encode(encoding))
        rows = providers.read(Raw("1", ACCEPTED, "native", body=body, content_encoding="gzip")).content
        assert rows == [(("calls", "cancelled"), {"callednum": NAME})]


def test_native_rows_that_lose_text_are_refused() -> None:
    """A row has no facts that could hold a note, so it is kept in the quarantine instead."""
    body = b'{"table": "calls.cancelled", "rows": [{"callednum": "%s"}]}' % NAME.encode()[:-1]

    with pytest.raises(Unreadable, match="cannot be decoded"):
        providers.read(Raw("1", ACCEPTED, "native", body=body))


@pytest.mark.parametrize("number", ["1766736711480097", "1.79E+15", "1.79e15", "1790000000000000.0", "17" * 200, "-0"])
def test_numbers_in_json_stay_as_they_were_written(number: str) -> None:
    """The form's reader sees what was sent, not what a float makes of it."""
    body = f'{{"EventTime": {number}, "Duration": {number}}}'.encode()
    fields = decoding.plain(Raw("1", ACCEPTED, "telphin", body=body))
    read = text.form(fields.raw)

    assert read == {"eventtime": number, "duration": number}


def test_what_needs_no_decoding_is_left_alone() -> None:
    """The usual form is handed on as the very object that came."""
    raw = Raw("1", ACCEPTED, "telphin", body=form("Ivan"), query="CallerIDNum=%2B7921")

    plain = decoding.plain(raw)

    assert plain.raw is raw


CYRILLIC = "".join(character for code in range(256) if (character := bytes([code]).decode("cp1251", "ignore")))
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\ufffd"), max_size=100)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(TEXTS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"]))
def test_any_text_in_any_unicode_encoding_comes_back(name: str, encoding: str) -> None:
    """Names of any script survive in forms and in JSON, in each of Unicode's encodings."""
    bodies = (f"{FORM}&CallerIDName={quote_plus(name)}", json.dumps(CALL | {"CallerIDName": name}, ensure_ascii=False))
    for body in bodies:
        event = read(body.encode(encoding))
        assert (event.caller_name, note(event)) == (name.strip(), "")


@given(st.text(CYRILLIC, max_size=100).filter(lambda text: "\0" not in text and text.isprintable()))
def test_any_text_in_a_declared_code_page_comes_back(name: str) -> None:
    """A declared windows-1251 is read as such, unless the bytes are UTF-8."""
    content = name.encode("cp1251")
    expected = content.decode() if _is_utf8(content) else name
    event = read(form(quote_plus(content)), content_type="text/plain; charset=windows-1251")

    assert event.caller_name == expected.strip()


@given(st.binary(max_size=300), st.sampled_from(["", "gzip", "deflate", "br"]), st.text(max_size=30))
def test_any_bytes_give_an_answer(body: bytes, coding: str, content_type: str) -> None:
    """Noise is understood or refused with a reason; it never fails."""
    for provider in providers.NAMES:
        raw = Raw("1", ACCEPTED, provider, body=body, content_encoding=coding, content_type=content_type)
        try:
            providers.read(raw)
        except Unreadable as refusal:
            assert refusal.message
