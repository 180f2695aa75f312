"""Batches on their way to Ringledger: faults that pass, refusals that never do, and what the spool keeps."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ringledger_asterisk import delivery
from ringledger_asterisk.cel_records import CelRecord
from ringledger_asterisk.delivery import EventDelivery, Pauses
from ringledger_asterisk.set_aside import SetAside
from ringledger_asterisk.spool import Spool, SpoolFault, SpoolInUse
from ringledger_asterisk.web import WebFault, retry_after

from tests.agents.asterisk.event_receiver import EventReceiver, Failure, Record

LIMIT = 10_000_000


class Sender:
    """The spool in a folder, and its delivery to a receiver."""

    def __init__(self, folder: Path, receiver: EventReceiver) -> None:
        """Send to `receiver`."""
        self.spool, self._receiver = Spool(folder, LIMIT), receiver
        self.file = folder / "set-aside.jsonl"
        self.delivery = EventDelivery(receiver.address, self.spool, SetAside(self.file), Pauses(random.Random(1)))

    def store(self, *texts: str) -> None:
        """Store events with these texts."""
        self.spool.store([CelRecord(json.dumps({"text": text})) for text in texts])

    def step(self, count: int = 1) -> list[float]:
        """Try to post `count` times, and return the pauses."""
        return [self.delivery.step() for _ in range(count)]

    @property
    def left(self) -> int:
        """Return the number of events in the spool."""
        return len(self.spool.batch(1_000_000, 1_000_000_000).texts)

    @property
    def refused(self) -> list[dict[str, Any]]:
        """Return the lines of the set-aside file."""
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []


@pytest.fixture
def sender(receiver: EventReceiver, tmp_path: Path) -> Iterator[Sender]:
    """Return a spool with its delivery."""
    sender = Sender(tmp_path, receiver)
    yield sender
    sender.spool.close()


def texts(records: list[Record]) -> list[str]:
    """Return the texts of events."""
    return [record["text"] for record in records]


def test_events_arrive_in_batches_and_in_order(sender: Sender, receiver: EventReceiver) -> None:
    """A batch has as many events as are there, up to a limit in number and in bytes."""
    names = [str(number) for number in range(450)]
    sender.store(*names)
    sender.step(3)
    assert texts(receiver.records) == names
    assert [len(batch) for batch in receiver.batches] == [200, 200, 50]
    sender.store(*["x" * 100_000] * 9)
    sender.step(3)
    assert max(receiver.sizes) <= delivery.BYTES
    assert sender.left == 0


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408, 404, 403, 302, 0])
def test_a_fault_that_passes_keeps_the_batch(sender: Sender, receiver: EventReceiver, status: int) -> None:
    """Errors of the server, too many requests, a wrong address, and no answer: the batch is sent again as it was."""
    receiver.failures = [Failure(status, {"Location": f"{receiver.address}/elsewhere"})]
    sender.store("a", "b")
    (pause,) = sender.step()
    assert pause > 0
    assert (sender.left, sender.refused) == (2, [])
    sender.step()
    assert texts(receiver.records) == ["a", "b"]
    assert receiver.attempts[0] == receiver.attempts[1]


def test_a_slow_answer_counts_as_none(sender: Sender, receiver: EventReceiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the timeout the batch is sent again, even if it was taken."""
    monkeypatch.setattr(delivery, "SECONDS", 0.2)
    receiver.failures = [Failure(200, seconds=1.0)]
    sender.store("a")
    sender.step()
    assert sender.left == 1


def test_pauses_grow_and_are_random() -> None:
    """From a second to a minute, each between a half and the whole of it; after a success they begin anew."""
    pauses = Pauses(random.Random(3))
    lengths = [pauses.after(WebFault("away")) for _ in range(9)]
    assert [0.5 * full <= pause <= full for pause, full in zip(lengths, (1, 2, 4, 8, 16, 32, 60, 60, 60), strict=True)]
    assert len(set(lengths)) == len(lengths)
    pauses.reset()
    assert pauses.after(WebFault("away")) <= 1


def test_the_answer_may_ask_for_a_longer_pause(sender: Sender, receiver: EventReceiver) -> None:
    """Retry-After counts, in seconds or as a date, up to an hour."""
    receiver.failures = [Failure(429, {"Retry-After": "7"}), Failure(503, {"Retry-After": "999999"})]
    sender.store("a")
    assert sender.step(2) == [7.0, 3_600.0]
    assert retry_after("Thu, 01 Jan 1970 00:01:40 GMT", 90.0) == 10.0
    assert [retry_after(text, 90.0) for text in ("", "soon", "-5", "Thu, 01 Jan 1970 00:00:00 GMT")] == [0.0] * 4


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_one_event_that_is_refused_stops_no_other(sender: Sender, receiver: EventReceiver, status: int) -> None:
    """It is found by halves and set aside with the reason; every other event arrives once."""
    receiver.refuses = lambda events: status if "bad" in texts(events) else 0
    names = [str(number) for number in range(300)]
    sender.store(*names[:123], "bad", *names[123:])
    for _ in range(100):
        if not sender.left:
            break
        sender.step()
    assert sorted(texts(receiver.records), key=int) == names
    assert [json.loads(each["content"]) for each in sender.refused] == [{"text": "bad"}]
    assert str(status) in sender.refused[0]["reason"]


def test_the_spool_outlives_the_program(receiver: EventReceiver, tmp_path: Path) -> None:
    """Events that were stored are there after a kill; those that were taken do not come again."""
    first = Sender(tmp_path, receiver)
    first.store("a", "b")
    first.step()
    first.store("c")
    first.spool.close()
    second = Sender(tmp_path, receiver)
    second.step()
    assert texts(receiver.records) == ["a", "b", "c"]
    second.spool.close()


def test_the_spool_has_a_limit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """At the limit it refuses events as a whole, says so in the log, and takes events again when some have gone."""
    spool = Spool(tmp_path, 100)
    spool.store([CelRecord("x" * 60)])
    for _ in range(3):
        with pytest.raises(SpoolFault):
            spool.store([CelRecord("y" * 60)], "source", "5")
    assert len(caplog.records) == 1
    assert "takes no more events" in caplog.text
    assert spool.place("source") == ""
    spool.remove(spool.batch(10, 1_000))
    spool.store([CelRecord("y" * 60)], "source", "5")
    assert (spool.place("source"), spool.batch(10, 1_000).texts) == ("5", ("y" * 60,))
    spool.close()


def test_two_programs_cannot_have_one_spool(sender: Sender, tmp_path: Path) -> None:
    """The second one says why it does not start."""
    sender.store("a")
    with pytest.raises(SpoolInUse, match="another program uses it"):
        Spool(tmp_path, LIMIT)


def test_the_set_aside_file_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a limit, and its predecessor is kept."""
    monkeypatch.setattr("ringledger_asterisk.set_aside.SIZE_LIMIT", 100)
    file = SetAside(tmp_path / "set-aside.jsonl")
    for number in range(4):
        file.add("x" * 60, f"reason {number}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set-aside.jsonl", "set-aside.jsonl.1"]
