"""Processes that continue from a snapshot of a started Lambda."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from chalicelib.settings import Settings

# A fork is what a restore is: a copy of the process with everything in its memory.
_RESTORES = """
import json, os, random, sys
import app
from chalicelib.platform import configuration, postgres
from snapshot_restore_py import get_after_restore

def facts():
    pid = postgres.connection(configuration.current().writer_database_url).execute("SELECT pg_backend_pid()")[0][0]
    return {"session": pid, "chance": random.random()}

before = facts()
copies = []
for _ in range(2):
    read, write = os.pipe()
    if os.fork() == 0:
        for hook, arguments, named in get_after_restore():
            hook(*arguments, **named)
        os.write(write, json.dumps(facts()).encode())
        os._exit(0)
    os.close(write)
    copies.append(json.loads(os.read(read, 10_000)))
    os.wait()
print(json.dumps([before, *copies]))
"""


def test_copies_of_a_snapshot_share_nothing(database: Settings) -> None:
    """Each copy opens its own connection, reads the settings again, and has randomness of its own."""
    environment = {
        "PATH": os.environ["PATH"],
        "WRITER_DATABASE_URL": database.writer_database_url,
        "_HANDLER": "app.nimbox",
        "LAMBDA_TASK_ROOT": "/var/task",
    }
    shown = subprocess.run(
        [sys.executable, "-c", _RESTORES], env=environment, capture_output=True, text=True, check=True
    )
    before, *copies = json.loads(shown.stdout)

    assert len({each["session"] for each in (before, *copies)}) == 3
    assert len({each["chance"] for each in (before, *copies)}) == 3
