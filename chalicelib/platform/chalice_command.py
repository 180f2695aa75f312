"""Chalice's own command (`chalice local`, `package`, `deploy`), which cannot run this app."""

from __future__ import annotations

import os
import sys

from chalicelib import settings

INSTEAD = (
    "Ringledger has several Lambdas, a database and queues, which the chalice command does not know: `make run` starts"
    " all of it here, `make package` packages it for AWS, and infra/README.md says how to deploy it."
)


def refuse() -> None:
    """End the process with a sentence when Chalice's own command loads the app."""
    if settings.in_chalice_command():
        sys.stderr.write(f"{INSTEAD}\n")
        sys.stderr.flush()
        # `chalice local` loads the app in a thread, where an exception does not end the process.
        os._exit(1)
