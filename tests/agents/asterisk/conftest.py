"""A small PBX and a small Ringledger beside the agent program."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.agents.asterisk.ami_server import AmiServer
from tests.agents.asterisk.event_receiver import EventReceiver


@pytest.fixture
def receiver() -> Iterator[EventReceiver]:
    """Run a small Ringledger with a storage."""
    receiver = EventReceiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def asterisk() -> Iterator[AmiServer]:
    """Run a small PBX."""
    asterisk = AmiServer()
    yield asterisk
    asterisk.stop()
