"""The embedded PostgreSQL: a cluster in the data folder, on loopback TCP, that ends when we do.

As root its processes belong to an ordinary account that may not even traverse the folders above the
cluster. So root opens the cluster's folder and hands the descriptor down: `/proc/self/fd/N` leads into it
whatever lies above, PostgreSQL changes into it and uses relative paths from there. No folder's mode changes.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from chalicelib.errors import Misconfigured, Unavailable
from infra.local import account, inhabitants

OWNER = "ringledger"
DATABASE = "ringledger"
MEBIBYTE = 1 << 20
# One backend's huge value shall end in its own "out of memory", not in the machine's.
ADDRESS_SPACE = 2048 * MEBIBYTE
START_SECONDS = 120
STOP_SECONDS = 15
PR_SET_PDEATHSIG = 1
LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements carry literals; a log is no place for them.
    "log_min_error_statement": "panic",
    "cluster_name": "ringledger-local",
}


class Postgres:
    """One PostgreSQL server over one cluster."""

    def __init__(self, data: Path, password: str) -> None:
        """Keep the cluster in `data`/postgres; `password` is the owner's, letters and digits only."""
        self.cluster = data / "postgres"
        self.log = data / "postgres.log"
        self._password = password
        self._account = account.lent(self.cluster)
        self._binaries = account.binaries(self._account)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, port: int) -> str:
        """Start the server, on first use with a new cluster; answer the owner's URL.

        Raises Unavailable with the server's own words when it does not come up.
        """
        if not self.cluster.exists():
            self._create()
        self._check_version()
        inhabitants.evict(self.cluster, STOP_SECONDS)
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with self._reachable(self.cluster) as (place, options), self._open_log() as log:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", place, "-p", str(port), *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # A terminal's Ctrl-C reaches its whole group, and the server must outlive its clients.
                start_new_session=True,
                preexec_fn=_tied_to(os.getpid()),  # noqa: PLW1509 - no thread of ours runs yet
                **options,
            )
        url = f"postgresql://{OWNER}:{self._password}@127.0.0.1:{port}/{DATABASE}"
        self._wait(url)
        return url

    def ended(self) -> bool:
        """Whether a started server is no longer there."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """End every connection and stop the server; harmless when it does not run."""
        if self._process is None:
            return
        for order in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            self._process.send_signal(order)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            return

    def _create(self) -> None:
        # Under another name until it is whole: a start that dies half-way leaves nothing that looks like a cluster.
        staged = self.cluster.with_suffix(".new")
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(mode=0o700)
        if self._account:
            self._account.owns(staged)
        with self._reachable(staged) as (place, options):
            self._tool("initdb", ["-D", place, "-U", OWNER, "--auth=reject", *LOCALE, "--no-instructions"], options)
            (staged / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
            # Single-user mode reads from stdin, which needs neither a password file nor a moment without a password.
            script = f"ALTER ROLE {OWNER} PASSWORD '{self._password}'\nCREATE DATABASE {DATABASE}\n"
            self._tool("postgres", ["--single", "-D", place, "postgres"], options, script)
        staged.rename(self.cluster)

    def _tool(self, name: str, arguments: list[str], options: dict[str, Any], script: str = "") -> None:
        done = subprocess.run(
            [self._binaries / name, *arguments], input=script.encode(), capture_output=True, check=False, **options
        )
        if done.returncode or b"ERROR:" in done.stderr:
            raise Unavailable(f"PostgreSQL's {name} failed: {done.stderr.decode(errors='replace').strip()}")

    @contextmanager
    def _reachable(self, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
        options: dict[str, Any] = {"cwd": "/", "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}}
        if self._account is None:
            yield str(folder), options
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        options |= {"user": self._account.uid, "group": self._account.gid, "extra_groups": []}
        try:
            yield f"/proc/self/fd/{descriptor}", options | {"pass_fds": [descriptor]}
        finally:
            os.close(descriptor)

    @contextmanager
    def _open_log(self) -> Iterator[int]:
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _check_version(self) -> None:
        found = (self.cluster / "PG_VERSION").read_text().strip()
        ours = subprocess.check_output([self._binaries / "postgres", "--version"], text=True).split()[-1]
        if ours.split(".")[0] != found:
            raise Misconfigured(
                f"{self.cluster} was written by PostgreSQL {found}, this is {ours}; choose another DATA"
            )

    def _wait(self, url: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.ended() and time.monotonic() < deadline:
            try:
                psycopg2.connect(url, connect_timeout=5).close()
            except psycopg2.OperationalError as fault:
                if "password authentication failed" in str(fault):
                    raise Misconfigured(f"{self.cluster} was made with another password than DATA now holds") from None
                time.sleep(0.02)
            else:
                return
        last = self.log.read_text(errors="replace").strip().splitlines()[-3:]
        raise Unavailable("PostgreSQL did not start: " + " / ".join(last))


def _tied_to(parent: int) -> Callable[[], None]:
    # Loaded here because between fork and exec nothing may be imported.
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    soft = ADDRESS_SPACE if hard == resource.RLIM_INFINITY else min(ADDRESS_SPACE, hard)

    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        if prctl:
            prctl(PR_SET_PDEATHSIG, signal.SIGINT)
            if os.getppid() != parent:
                os._exit(1)

    return prepare
