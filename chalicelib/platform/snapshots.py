"""Lambda's SnapStart: what a process does when it continues from a snapshot that was taken after its start."""

from __future__ import annotations

import random

from chalicelib.platform import runtime


def register() -> None:
    """Ask Lambda's runtime to call `restored` after each restore. Without SnapStart it never does."""
    try:
        # A part of the managed runtime.
        from snapshot_restore_py import register_after_restore  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError:
        return
    register_after_restore(restored)


def restored() -> None:
    """Forget what belongs to the moment of the snapshot: connections, clients, settings, secrets and cached answers.

    Many processes continue from one snapshot, and perhaps weeks later. Their clocks are right by themselves, and so is
    the randomness of the operating system, from which tokens and ids come; Python's own generator begins anew.
    """
    runtime.renew()
    random.seed()
