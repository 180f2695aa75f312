"""Servers that a killed start left behind in a cluster: found by the folder they work in, then stopped.

A process id in `postmaster.pid` proves nothing (ids are reused, above all in containers), but every
PostgreSQL process has the cluster as its working folder, and nobody else has.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from chalicelib.errors import Misconfigured

PROCESSES = Path("/proc")


def evict(cluster: Path, seconds: float) -> None:
    """Stop the server that still runs in `cluster`, if any, and clear away its claim on it.

    Raises Misconfigured when it has not ended after `seconds`.
    """
    if not PROCESSES.is_dir():
        return
    claim = cluster / "postmaster.pid"
    deadline = time.monotonic() + seconds
    while found := _living_in(cluster):
        if time.monotonic() > deadline:
            raise Misconfigured(f"another PostgreSQL (process {found[0]}) still works in {cluster}")
        leader = _claimant(claim)
        if leader in found:
            os.kill(leader, signal.SIGINT)
        time.sleep(0.1)
    claim.unlink(missing_ok=True)


def _claimant(claim: Path) -> int:
    try:
        return int(claim.read_text().split()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return 0


def _living_in(cluster: Path) -> list[int]:
    return [int(entry.name) for entry in PROCESSES.iterdir() if entry.name.isdigit() and _works_in(entry, cluster)]


def _works_in(process: Path, cluster: Path) -> bool:
    try:
        return (process / "cwd").samefile(cluster)
    except OSError:
        # It has just ended, or it is a stranger's whose folder is none of our business.
        return False
