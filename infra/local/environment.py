"""The environment of the local stack: what it is asked for, and what it tells the bundle that it runs."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib.errors import Misconfigured

LOOPBACK = "127.0.0.1"
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# The embedded S3 and SQS check no credentials.
NOBODY = "local"


@dataclass(frozen=True)
class StackOptions:
    """What the local stack is asked for: where to listen, where to keep data, how many demonstration calls."""

    host: str
    port: int
    data: Path
    calls: int
    database_url: str
    aws_endpoint_url: str


def options() -> StackOptions:
    """Read HOST, PORT, DATA, DEMO, DEMO_CALLS, DATABASE_URL and AWS_ENDPOINT_URL.

    Raises Misconfigured naming the variable that has no usable value.
    """
    calls = _number(os.environ, "DEMO_CALLS", 20_000)
    return StackOptions(
        host=os.environ.get("HOST") or LOOPBACK,
        port=_number(os.environ, "PORT", 8000),
        data=Path(os.environ.get("DATA") or ".local").absolute(),
        calls=0 if os.environ.get("DEMO") == "0" else calls,
        database_url=os.environ.get("DATABASE_URL", ""),
        aws_endpoint_url=os.environ.get("AWS_ENDPOINT_URL", ""),
    )


def _number(environment: Mapping[str, str], variable: str, default: int) -> int:
    text = environment.get(variable) or str(default)
    if not (text.isascii() and text.isdigit()):
        raise Misconfigured(f"{variable} must be a whole number, not {text!r}")
    return int(text)


def prepare_clients() -> None:
    """Let AWS clients of this process work without an account and without a way out.

    Credentials and region of whoever starts it stay as they are.
    """
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["S3_IGNORE_SUBDOMAIN_BUCKETNAME"] = "true"
    if "AWS_ACCESS_KEY_ID" not in os.environ:
        os.environ.update(dict.fromkeys(CREDENTIALS, NOBODY))
    os.environ.setdefault("AWS_DEFAULT_REGION", os.environ.get("AWS_REGION", "us-east-1"))
    # A proxy of the machine has no way to our loopback.
    for variable in ("NO_PROXY", "no_proxy"):
        os.environ[variable] = ",".join(filter(None, (os.environ.get(variable), LOOPBACK, "localhost")))


def publish(values: Mapping[str, str], defaults: Mapping[str, str]) -> Mapping[str, str]:
    """Make `values` settings of the bundle, and `defaults` where nothing is set; answer the whole environment."""
    os.environ.update(values)
    for variable, value in defaults.items():
        os.environ.setdefault(variable, value)
    return os.environ


def exports(whole: Mapping[str, str], variables: Iterable[str]) -> str:
    """A shell script that gives `variables`, and what AWS clients need, to commands beside the stack."""
    names = [*variables, "AWS_DEFAULT_REGION", "NO_PROXY", "no_proxy"]
    # Somebody's own credentials are not ours to write down.
    if whole["AWS_ACCESS_KEY_ID"] == NOBODY:
        names += CREDENTIALS
    return "".join(f"export {name}={shlex.quote(whole[name])}\n" for name in names if name in whole)
