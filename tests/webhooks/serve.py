"""`python -m tests.webhooks.serve`: run the surface `webhooks` alone on a free port, as its Lambda does."""

from __future__ import annotations

import sys
import threading

import app
from infra.local import environment
from infra.local.gateway import Gateway, bound


def main() -> None:
    """Print the port, and serve until killed."""
    environment.prepare_clients()
    listener = bound("127.0.0.1", 0)
    Gateway(app.app, listener).start()
    sys.stdout.write(f"{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
