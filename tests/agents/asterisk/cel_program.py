"""Runs the command `cel` as a program of its own, which can be killed, and plays events to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.agents.asterisk.ami_server import SECRET, USERNAME, AmiServer
from tests.agents.asterisk.cel_cases import Columns, cases, headers
from tests.agents.asterisk.event_receiver import EventReceiver, Failure

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


def configured(folder: Path, address: str, source: str, port: int = 5038) -> Path:
    """Return the file of settings for a webhook with this address."""
    config = folder / "agent.ini"
    values = {"address": address, "port": port, "username": USERNAME, "secret": SECRET}
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


def disturb(config: Path, pbx: AmiServer, receiver: EventReceiver) -> None:
    """Play EVENTS while Ringledger fails, the program is killed with events in its spool, and the connection drops."""
    third = len(EVENTS) // 3
    with running(config) as program:
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
