"""The files that a script may use: those that clients uploaded, and those that it offers for download."""

from __future__ import annotations

from chalicelib.oktell.refusals import NotFound
from chalicelib.oktell.scripts import ScriptRun
from chalicelib.oktell.uploads import PREFIX
from chalicelib.platform import objects

#: The longest file that is read into memory, in bytes.
READ_LIMIT = 100_000_000


def is_key(key: str, prefix: str) -> bool:
    """Return True for the key of an object below `prefix`, written without detours and control characters."""
    return key.startswith(prefix) and key.isprintable() and {"", ".", ".."}.isdisjoint(key.split("/"))


def read(run: ScriptRun, path: str) -> bytes:
    """Return the content of a file: `path` is in the answer of `upload`, or the result of `write`.

    Raise NotFound, TooLarge and Unavailable.
    """
    if not (is_key(path, PREFIX) or is_key(path, run.settings.script_files_prefix)):
        raise NotFound(f"A script reads files below {PREFIX} and {run.settings.script_files_prefix}, not {path[:60]!r}")
    content = objects.read(run.settings.bucket, path, READ_LIMIT)
    if content is None:
        raise NotFound(f"There is no file {path[:60]!r}")
    return content


def write(run: ScriptRun, name: str, content: bytes, content_type: str) -> str:
    """Store a file that `download/byscript` can return, and return its key. Raise Unavailable."""
    key = f"{run.settings.script_files_prefix}{run.id}/{name}"
    objects.write(run.settings.bucket, key, content, content_type)
    return key
