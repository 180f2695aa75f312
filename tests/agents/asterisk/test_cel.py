"""The command `cel` between a small PBX and a small Ringledger: kills, lost connections and faults lose no event."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from ringledger_asterisk.__main__ import main
from ringledger_asterisk.cel_settings import CelSettings
from ringledger_asterisk.settings_reader import SettingsFault

from tests.agents.asterisk.ami_server import SECRET, AmiServer
from tests.agents.asterisk.cel_cases import headers
from tests.agents.asterisk.cel_program import EVENTS, configured, disturb, play, running, wait
from tests.agents.asterisk.event_receiver import EventReceiver, Record
from tests.agents.asterisk.test_csv_source import line


def moments(events: list[Record]) -> list[tuple[str, ...]]:
    """Return what tells events apart, in UTC and with the names of either source."""
    names = (("EventName", "eventtype"), ("UniqueID", "uniqueid"), ("Channel", "channame"), ("Extra", "extra"))
    return [
        (
            f"{datetime.fromisoformat(event.get('EventTime') or event['eventtime']).timestamp():.6f}",
            *(event.get(name) or event.get(column, "") for name, column in names),
        )
        for event in events
    ]


def test_every_event_of_ami_arrives(tmp_path: Path, asterisk: AmiServer, receiver: EventReceiver) -> None:
    """The names are those of AMI, the time is in UTC with the fraction of the header Timestamp."""
    with running(configured(tmp_path, receiver.address, "ami", asterisk.port)):
        play(asterisk, EVENTS[:28])
        wait(lambda: len(receiver.records) >= 28)
    assert moments(receiver.records) == moments(EVENTS[:28])
    first = headers(EVENTS[0])
    del first["Timestamp"]
    assert receiver.records[0] == {**first, "EventTime": receiver.records[0]["EventTime"]}


@pytest.mark.verify
def test_events_of_ami_survive_kills_and_faults(tmp_path: Path, asterisk: AmiServer, receiver: EventReceiver) -> None:
    """Ringledger fails, the program is killed with events in its spool, the connection drops: each event arrives."""
    disturb(configured(tmp_path, receiver.address, "ami", asterisk.port), asterisk, receiver)
    assert moments(receiver.records) == moments(EVENTS)


@pytest.mark.verify
def test_events_of_a_file_survive_kills_at_any_time(tmp_path: Path, receiver: EventReceiver) -> None:
    """Killed again and again while it reads and sends, it repeats at most the batch that was on its way."""
    file = tmp_path / "Master.csv"
    file.touch()
    part = -(-len(EVENTS) // 8)
    with running(configured(tmp_path, receiver.address, "csv")) as program:
        for start in range(0, len(EVENTS), part):
            with file.open("a", encoding="utf-8") as written:
                written.writelines(map(line, EVENTS[start : start + part]))
            attempts = len(receiver.attempts)
            wait(lambda attempts=attempts: len(receiver.attempts) > attempts)  # type: ignore[misc]
            program.kill()
            program.start()
        wait(lambda: set(moments(receiver.records)) == set(moments(EVENTS)))
    again = Counter(moments(receiver.records)) - Counter(moments(EVENTS))
    assert sum(again.values()) <= 8 * part
    assert max(Counter(map(str, receiver.batches)).values()) <= 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("source = csv", "source = tape"), "one of ami, csv, sqlite, mysql, postgresql, not tape"),
        (("source = csv", ""), r"\[cel\] source is not set"),
        (("time_zone = UTC", "time_zone = Moscow"), "Europe/Madrid"),
        (("history = yes", "history = some"), "one of no, yes"),
        (("history = yes", "table = cel; DROP"), "name of a table"),
        (("history = yes", "spool_megabytes = 0"), "whole number"),
        (("address = http://127.0.0.1", "address = http://calls.example"), "https://"),
        (("source = csv", "source = ami\n[ami]\nusername ="), "cannot be read"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, receiver: EventReceiver, change: tuple[str, str], words: str) -> None:
    """The message says what would be right."""
    config = configured(tmp_path, receiver.address, "csv")
    config.write_text(config.read_text().replace(*change, 1))
    with pytest.raises(SettingsFault, match=words):
        CelSettings.read(config)


def test_the_key_is_shown_nowhere(tmp_path: Path, receiver: EventReceiver) -> None:
    """The address contains the key."""
    config = configured(tmp_path, receiver.address, "ami")
    shown = repr(CelSettings.read(config))
    assert (receiver.address in shown, SECRET in shown) == (False, False)
    assert main(["cel", "--config", str(config), "--check"]) == 0
