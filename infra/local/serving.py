"""The thread of a local server, which ends as soon as its server is told to stop."""

from __future__ import annotations

import threading
from socketserver import BaseServer

#: The standard library looks every half a second, which each of a stack's servers would add to its end.
LOOK_SECONDS = 0.05


def thread(server: BaseServer, name: str) -> threading.Thread:
    """A thread, not started yet, in which `server` answers until its `shutdown`."""
    return threading.Thread(target=server.serve_forever, args=(LOOK_SECONDS,), name=name, daemon=True)
