"""A thread of the local stack that works until it is told to stop."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod

STOP_SECONDS = 10


class Worker(ABC):
    """One background thread. `run` ends soon after `stopping` is set."""

    def __init__(self, name: str) -> None:
        """Name the thread, without starting it."""
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self.run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to work in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End the work, and wait ten seconds at most for what is going on."""
        self.stopping.set()
        self._thread.join(STOP_SECONDS)

    @abstractmethod
    def run(self) -> None:
        """Work until `stopping` is set."""
