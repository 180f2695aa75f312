"""The account that PostgreSQL runs as: PostgreSQL refuses to run as root."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from chalicelib.errors import Misconfigured

ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """An ordinary user of this machine."""

    uid: int
    gid: int

    def take(self, path: Path) -> None:
        """Make this account the owner of `path`, and of nothing below or above it."""
        os.chown(path, self.uid, self.gid, follow_symlinks=False)

    @property
    def options(self) -> list[str]:
        """Return the options of setpriv that run a command as this account.

        The account may not be allowed into the folders above the data and the binaries, so the command keeps root's
        capability to pass them. No folder's mode changes.
        """
        capability = "+dac_override"
        return [
            f"--reuid={self.uid}",
            f"--regid={self.gid}",
            "--clear-groups",
            f"--inh-caps={capability}",
            f"--ambient-caps={capability}",
        ]


def account_for(folder: Path) -> Account | None:
    """Return the account that runs PostgreSQL on the data in `folder`, or None for the current user.

    Existing data keeps its owner, so that root can continue what a user began. Raises Misconfigured when this process
    is root and the machine has no ordinary account.
    """
    if os.geteuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        return Account(folder.stat().st_uid, folder.stat().st_gid)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise Misconfigured(
        f"PostgreSQL cannot run as root, and this machine has none of the accounts {', '.join(ACCOUNTS)}"
    )
