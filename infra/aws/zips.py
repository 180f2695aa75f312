"""The zip of all Lambdas: Chalice's, without unused files, compiled, and reproducible byte for byte."""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import re
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# The earliest date of a zip.
NO_TIME = (1980, 1, 1, 0, 0, 0)
READABLE = 0o100644 << 16
#: The AWS services whose descriptions stay in boto3; a test compares them with the code.
SERVICES = ("lambda", "s3", "sns", "sqs")

_DROPPED = (
    # Sources of compiled modules, and documents.
    r".*\.(c|h|pyx|pxd|pyi|rst|md)$",
    r".*/(tests?|testing)/.*",
    r".*\.dist-info/(RECORD|INSTALLER|REQUESTED|WHEEL|licenses/.*|.*\.txt)$",
    r"[\w.-]+\.data/.*",
    r"boto3/(data|examples)/.*",
    rf"botocore/data/(?!({'|'.join(SERVICES)})/)[^/]+/.*",
    # A web page of an API framework that is not used here.
    r"aws_lambda_powertools/event_handler/openapi/swagger_ui/.*",
    r"(.*/)?__pycache__/.*",
)
_UNWANTED = re.compile("|".join(f"(?:{pattern})" for pattern in _DROPPED))


def finish(made: Path, finished: Path, version: bytes = importlib.util.MAGIC_NUMBER) -> None:
    """Write `finished` from Chalice's zip; the same content gives the same bytes.

    The code is compiled for this very Python, `version` of its byte code, so it must be the Lambdas' own.
    """
    with ZipFile(made) as source, ZipFile(finished, "w", ZIP_DEFLATED, compresslevel=9) as target:
        for name in sorted(source.namelist()):
            if name.endswith("/") or _UNWANTED.fullmatch(name):
                continue
            content = source.read(name)
            put(target, name, content)
            if name.endswith(".py"):
                put(target, compiled_name(name), compiled(content, name, version))


def compiled_name(name: str) -> str:
    """Return the path at which Python looks for the compiled form of a module."""
    return importlib.util.cache_from_source(name)


def compiled(source: bytes, name: str, version: bytes) -> bytes:
    """Return a module's compiled form without a date check: the zip's entries are dated 1980."""
    code = compile(source, f"/var/task/{name}", "exec", dont_inherit=True)
    unchecked_hash = (0b01).to_bytes(4, "little")
    return version + unchecked_hash + importlib.util.source_hash(source) + marshal.dumps(code)


def put(target: ZipFile, name: str, content: bytes) -> None:
    """Add a file without a time of its own, readable by all."""
    entry = ZipInfo(name, NO_TIME)
    entry.external_attr = READABLE
    entry.compress_type = ZIP_DEFLATED
    target.writestr(entry, content)


def entries(path: Path) -> Iterator[tuple[str, bytes]]:
    """Return each file of a zip with its content."""
    with ZipFile(path) as opened:
        for name in opened.namelist():
            yield name, opened.read(name)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
