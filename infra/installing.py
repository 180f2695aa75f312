"""`python -m infra.installing REQUIREMENTS…`: pip with one line of progress for each package.

It runs with the new environment's Python before anything is installed, so it imports the standard library alone.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator

# Byte code is compiled when a module is first imported: most of the modules never are.
PIP = ("-m", "pip", "install", "--no-compile", "--disable-pip-version-check", "--progress-bar", "off")
#: The lines of pip that tell how far it is, and what is shown for each.
_STEPS = (
    (re.compile(r"\s*(?:Downloading|Using cached) (?:\S+/)?([\w.]+)-\d\S* \((.+)\)"), "{0} ({1})"),
    (re.compile(r"Processing (?:\S+/)?([\w.]+)-\d\S*"), "{0}"),
    (re.compile(r"Obtaining file:\S+/([\w.-]+)"), "{0}"),
    (re.compile(r"\s*Installing (build dependencies|backend dependencies): started"), "{0}"),
)
_LAST_STEP = re.compile(r"Installing collected packages: (.+)")
_WIDTH = 60


def main(arguments: list[str]) -> int:
    """Install the given files of requirements and this project; return the exit status of pip."""
    words = [word for file in arguments for word in ("-r", file)]
    command = [sys.executable, *PIP, *words, "--editable", "."]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        lines = list(shown(pip.stdout or ()))
    if pip.returncode:
        sys.stdout.write("".join(["\n", *lines]))
    return pip.returncode


def shown(lines: Iterable[str]) -> Iterator[str]:
    """Show the progress that the `lines` of pip tell, and yield each line."""
    count = 0
    for line in lines:
        if step := _step(line):
            count += 1
            _show(f"  {count:>3}  {step}")
        elif last := _LAST_STEP.match(line):
            _show(f"  unpacking {len(last[1].split(', '))} packages")
        yield line
    _show(f"  {count:>3} steps done", end="\n")


def _step(line: str) -> str:
    for pattern, text in _STEPS:
        if match := pattern.match(line):
            return text.format(*match.groups())
    return ""


def _show(text: str, end: str = "") -> None:
    """Rewrite the line of a terminal; write a new one to a file."""
    if sys.stdout.isatty():
        sys.stdout.write(f"\r{text[:_WIDTH]:<{_WIDTH}}{end}")
    else:
        sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
