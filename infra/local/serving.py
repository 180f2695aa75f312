"""The thread of a local server, which ends as soon as its server is shut down."""

from __future__ import annotations

import threading
from socketserver import BaseServer

#: The standard library checks for a shutdown every half second, which each server would add to the stack's stop.
LOOK_SECONDS = 0.05


def thread(server: BaseServer, name: str) -> threading.Thread:
    """Return a thread, not started yet, in which `server` answers until its `shutdown`."""
    return threading.Thread(target=server.serve_forever, args=(LOOK_SECONDS,), name=name, daemon=True)
