"""An example: the count of lines of a file that the client has uploaded."""

from __future__ import annotations

from chalicelib.oktell import script_files
from chalicelib.oktell.scripts import ScriptRun, script


@script("CountLines", scope="oktell")
def lines_of_upload(run: ScriptRun) -> str:
    """Return how many lines the file has whose path, as `upload` answers it, is the first start parameter."""
    return str(len(script_files.read(run, run.parameters[0]).splitlines()))
