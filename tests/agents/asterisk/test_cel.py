"""The command `cel` between a small PBX and a small Ringledger: kills, lost connections and faults lose no event."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from ringledger_asterisk.__main__ import main
from ringledger_asterisk.cel_settings import CelSettings
from ringledger_asterisk.settings_reader import SettingsFault

from tests.agents.asterisk.ami_server import SECRET, USERNAME, AmiServer
from tests.agents.asterisk.cel_cases import Columns, cases, headers
from tests.agents.asterisk.event_receiver import EventReceiver, Failure, Record
from tests.agents.asterisk.test_csv_source import line

PACKAGE = Path(__file__).parents[3] / "infra/agents/asterisk"
CONFIG = """
[cel]
address = {address}
source = {source}
file = {folder}/Master.csv
time_zone = UTC
history = yes
state = {folder}/state
[ami]
port = {port}
username = {username}
secret = {secret}
"""
SECONDS = 60
EVENTS = [event for case in cases(os.environ.get("RINGLEDGER_CEL_CASES", "")) for event in case.events]


class Program:
    """The program, which can be killed and started again."""

    def __init__(self, config: Path) -> None:
        """Start it with `config`."""
        self._command = [sys.executable, "-m", "ringledger_asterisk", "cel", "--config", str(config)]
        self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, cwd=PACKAGE, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """Kill it without a warning."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(SECONDS)

    def start(self) -> None:
        """Start it again."""
        self._process = self._started()

    def stop(self) -> int:
        """Stop it as systemd does, and return its exit status."""
        self._process.terminate()
        return self._process.wait(SECONDS)


@pytest.fixture
def receiver() -> Iterator[EventReceiver]:
    """Run a small Ringledger."""
    receiver = EventReceiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def pbx() -> Iterator[AmiServer]:
    """Run a small PBX."""
    pbx = AmiServer()
    yield pbx
    pbx.stop()


def configured(folder: Path, receiver: EventReceiver, source: str, port: int = 5038) -> Path:
    """Return the file of settings."""
    config = folder / "agent.ini"
    values = {"address": receiver.address, "port": port, "username": USERNAME, "secret": SECRET}
    config.write_text(CONFIG.format(folder=folder, source=source, **values))
    return config


@contextmanager
def running(config: Path) -> Iterator[Program]:
    """Run the program during the block, and stop it in an orderly way."""
    program = Program(config)
    try:
        yield program
    finally:
        status = program.stop()
    # A signal before it is ready ends it at once.
    assert status in {0, -signal.SIGTERM}


def wait(condition: Callable[[], bool]) -> None:
    """Wait until something is true."""
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def play(pbx: AmiServer, events: list[Columns]) -> None:
    """Tell events as the PBX does, each as soon as the program is connected."""
    for event in events:
        told = headers(event)
        wait(lambda told=told: pbx.tell("CEL", told))  # type: ignore[misc]
        pbx.tell("Newstate", {"Channel": event["channame"]})


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


def test_every_event_of_ami_arrives(tmp_path: Path, pbx: AmiServer, receiver: EventReceiver) -> None:
    """The names are those of AMI, the time is in UTC with the fraction of the header Timestamp."""
    with running(configured(tmp_path, receiver, "ami", pbx.port)):
        play(pbx, EVENTS[:28])
        wait(lambda: len(receiver.records) >= 28)
    assert moments(receiver.records) == moments(EVENTS[:28])
    first = headers(EVENTS[0])
    del first["Timestamp"]
    assert receiver.records[0] == {**first, "EventTime": receiver.records[0]["EventTime"]}


@pytest.mark.verify
def test_events_of_ami_survive_kills_and_faults(tmp_path: Path, pbx: AmiServer, receiver: EventReceiver) -> None:
    """Ringledger fails, the program is killed with events in its spool, the connection drops: each event arrives."""
    third = len(EVENTS) // 3
    with running(configured(tmp_path, receiver, "ami", pbx.port)) as program:
        play(pbx, EVENTS[:third])
        wait(lambda: len(receiver.records) >= third)
        receiver.refuses = lambda _events: 500
        play(pbx, EVENTS[third : third + 100])
        # The spool has them when they are tried: AMI itself tells nothing again.
        wait(lambda: bool(receiver.attempts) and len(receiver.attempts[-1]) == min(100, len(EVENTS) - third))
        program.kill()
        receiver.failures = [Failure(429, {"Retry-After": "1"}), Failure(0), Failure(503)]
        receiver.refuses = lambda _events: 0
        pbx.drop()
        program.start()
        play(pbx, EVENTS[third + 100 : 2 * third])
        wait(lambda: len(receiver.records) >= max(2 * third, third + 100))
        pbx.drop()
        play(pbx, EVENTS[max(2 * third, third + 100) :])
        wait(lambda: len(receiver.records) >= len(EVENTS))
    assert moments(receiver.records) == moments(EVENTS)


@pytest.mark.verify
def test_events_of_a_file_survive_kills_at_any_time(tmp_path: Path, receiver: EventReceiver) -> None:
    """Killed again and again while it reads and sends, it repeats at most the batch that was on its way."""
    file = tmp_path / "Master.csv"
    file.touch()
    part = -(-len(EVENTS) // 8)
    with running(configured(tmp_path, receiver, "csv")) as program:
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
    config = configured(tmp_path, receiver, "csv")
    config.write_text(config.read_text().replace(*change, 1))
    with pytest.raises(SettingsFault, match=words):
        CelSettings.read(config)


def test_the_key_is_shown_nowhere(tmp_path: Path, receiver: EventReceiver) -> None:
    """The address contains the key."""
    config = configured(tmp_path, receiver, "ami")
    shown = repr(CelSettings.read(config))
    assert (receiver.address in shown, SECRET in shown) == (False, False)
    assert main(["cel", "--config", str(config), "--check"]) == 0
