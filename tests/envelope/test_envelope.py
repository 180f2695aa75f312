"""The queue's envelope: one shape for writer and reader, and clear reasons for anything else."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.calls.events import Raw
from chalicelib.envelope import messages, reading
from chalicelib.envelope.messages import Envelope, Message
from chalicelib.envelope.reading import Received, UnreadableMessage

ACCEPTED = datetime(2026, 11, 21, 10, 0, 0, 5)  # noqa: DTZ001 - times are naive UTC throughout
RAW = Raw(
    id="0f9d3c1e-1111-4000-8000-000000000001",
    accepted_at=ACCEPTED,
    provider="telphin",
    query="CallID=1",
    content_type="text/plain",
    content_encoding="gzip",
    body=b"\x00\xff",
)
TEXT = messages.written(RAW, 7, 2)


def changed(**members: object) -> str:
    """Return the message with these members instead of its own; None removes one."""
    content = json.loads(TEXT) | members
    return json.dumps({name: value for name, value in content.items() if value is not None})


def test_writer_and_reader_have_the_same_members() -> None:
    """The dataclass that is written and the model that is read name the same fields."""
    assert {field.name for field in fields(Envelope)} == set(Received.model_fields)


def test_what_is_written_is_read() -> None:
    """A message leads back to its webhook, address and mark."""
    assert reading.read(TEXT) == Message(RAW, 7, 2, TEXT)
    marked = messages.written(RAW, 7, 2, "There is no CallID")
    assert reading.read(marked).quarantine == "There is no CallID"
    assert reading.read_again(marked).quarantine == ""


@given(st.binary(), st.text(), st.text(max_size=20))
def test_any_webhook_comes_back(body: bytes, query: str, reason: str) -> None:
    """Bytes and texts of any kind survive the queue; only half a surrogate pair in a reason is replaced."""
    raw = Raw(RAW.id, ACCEPTED, "mtt", query=query, body=body)
    text = messages.written(raw, 7, 2, reason + "\ud800")

    assert text.isascii()
    assert reading.read(text) == Message(raw, 7, 2, text, f"{reason}?")


def test_members_of_other_versions() -> None:
    """A message from before content encodings were kept is read, and so is one with members that are new."""
    assert reading.read(changed(content_encoding=None)).raw.content_encoding == ""
    assert reading.read(changed(later=1)).raw == RAW


@pytest.mark.parametrize(
    ("accepted", "read"),
    [
        ("2026-11-21T10:00:00.000005Z", ACCEPTED),
        ("2026-11-21T13:00:00.000005+03:00", ACCEPTED),
        ("20261121", datetime(2026, 11, 21).astimezone(UTC).replace(tzinfo=None)),
    ],
)
def test_a_time_is_text_in_iso_8601(accepted: str, read: datetime) -> None:
    """A date without separators is a date, not a number of seconds."""
    assert reading.read(changed(accepted=accepted)).raw.accepted_at == read


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "The message cannot be read: the message: Invalid JSON"),
        ("[]", "The message cannot be read"),
        (changed(version=2), "The message has version 2; this is the reader of 1"),
        (changed(version=None), "The message cannot be read: version: Field required"),
        (changed(id="7"), "The message cannot be read: id"),
        (changed(accepted=1_790_000_000), "accepted: Value error, a time in ISO 8601 is needed"),
        (changed(accepted="soon"), "The message cannot be read: accepted"),
        (changed(body="?"), "The message cannot be read: body"),
        (changed(body=7), "body: Value error, Base64 is needed"),
        (changed(extension="seven"), "The message cannot be read: extension"),
        (changed(query=7), "The message cannot be read: query"),
        (changed(content_encoding=7), "The message cannot be read: content_encoding"),
    ],
)
def test_other_shapes_are_refused_with_a_reason(text: str, reason: str) -> None:
    """The operator who looks at a failed message learns which member is wrong."""
    with pytest.raises(UnreadableMessage) as refused:
        reading.read(text)

    assert reason in refused.value.message
