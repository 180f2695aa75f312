"""The environment of the local stack: the variables that it reads, and those that it sets for the bundle."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.errors import Misconfigured
from infra.local.keyring import write_private_text

LOOPBACK = "127.0.0.1"
CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
# The embedded S3 and SQS check no credentials.
NO_ACCOUNT = "local"
_CALL = re.compile(r".*/calls/([^/]*)/.*")


@dataclass(frozen=True)
class StackOptions:
    """The options of the local stack: address, data folder, services to use, and the demonstration.

    `calls` is the number of its calls, and `live` says whether others follow while the stack runs. If it `replicates`,
    the schedule sends them to the small CRM.
    """

    host: str
    port: int
    data: Path
    calls: int
    live: bool
    replicates: bool
    database_url: str
    aws_endpoint_url: str


def options() -> StackOptions:
    """Read HOST, PORT, DATA, DEMO, DEMO_CALLS, DEMO_LIVE, DEMO_CRM, CRM_URL, DATABASE_URL and AWS_ENDPOINT_URL.

    Raises Misconfigured naming the variable that has no usable value.
    """
    calls = 0 if os.environ.get("DEMO") == "0" else _number(os.environ, "DEMO_CALLS", 8_000)
    # A database of the user's own can have calls that are not the demonstration's.
    database_url = os.environ.get("DATABASE_URL", "")
    return StackOptions(
        host=os.environ.get("HOST") or LOOPBACK,
        port=_number(os.environ, "PORT", 8000),
        data=Path(os.environ.get("DATA") or ".local").absolute(),
        calls=calls,
        live=calls > 0 and os.environ.get("DEMO_LIVE") != "0",
        replicates=calls > 0 and not database_url and _uses_small_crm(os.environ),
        database_url=database_url,
        aws_endpoint_url=os.environ.get("AWS_ENDPOINT_URL", ""),
    )


def _uses_small_crm(environment: Mapping[str, str]) -> bool:
    return environment.get("DEMO_CRM") != "0" and not environment.get("CRM_URL")


def _number(environment: Mapping[str, str], variable: str, default: int) -> int:
    text = environment.get(variable) or str(default)
    if not (text.isascii() and text.isdigit()):
        raise Misconfigured(f"{variable} must be a whole number, not {text!r}")
    return int(text)


def prepare_clients() -> None:
    """Let AWS clients of this process work without an account and without a network.

    Existing credentials and regions stay as they are.
    """
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    os.environ["S3_IGNORE_SUBDOMAIN_BUCKETNAME"] = "true"
    if "AWS_ACCESS_KEY_ID" not in os.environ:
        os.environ.update(dict.fromkeys(CREDENTIALS, NO_ACCOUNT))
    os.environ.setdefault("AWS_DEFAULT_REGION", os.environ.get("AWS_REGION", "us-east-1"))
    # A proxy of the machine cannot reach loopback.
    for variable in ("NO_PROXY", "no_proxy"):
        os.environ[variable] = ",".join(filter(None, (os.environ.get(variable), LOOPBACK, "localhost")))


def publish(values: Mapping[str, str], defaults: Mapping[str, str]) -> Mapping[str, str]:
    """Set `values` as settings of the bundle, and `defaults` where nothing is set; return the environment."""
    os.environ.update(values)
    for variable, value in defaults.items():
        os.environ.setdefault(variable, value)
    return os.environ


def add_examples(file: Path, facts: Mapping[str, Any]) -> None:
    """Add what the examples of the documentation use to the script of `exports`: address, tokens, webhook keys."""
    keys, tokens, link = facts["webhook_keys"], facts["tokens"], facts["recording"]
    examples = {
        "URL": facts["url"],
        "TOKEN": tokens["statistics"],
        **{scope.upper(): tokens[scope] for scope in ("recordings", "nimbox", "oktell", "operations")},
        **{f"{kind.upper()}_KEY": key for kind, key in keys["telphin"].items()},
        **{f"{provider.upper()}_KEY": keys[provider] for provider in ("mtt", "asterisk", "native")},
        "LINK": link,
        "CALL": _CALL.sub(r"\1", link),
    }
    lines = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in examples.items())
    write_private_text(file, file.read_text("utf-8") + lines)


def exports(whole: Mapping[str, str], variables: Iterable[str]) -> str:
    """Return a shell script that exports `variables`, and those of AWS clients, for commands next to the stack."""
    names = [*variables, "AWS_DEFAULT_REGION", "NO_PROXY", "no_proxy"]
    # Real credentials must not be written to a file.
    if whole["AWS_ACCESS_KEY_ID"] == NO_ACCOUNT:
        names += CREDENTIALS
    return "".join(f"export {name}={shlex.quote(whole[name])}\n" for name in names if name in whole)
