"""The pages are true: each example runs as it is printed, in order, and answers what is printed below it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from infra.local import environment, keyring

pytestmark = pytest.mark.verify

ROOT = Path(__file__).parents[2]
_EVERY_PAGE = (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *ROOT.glob("[ci]*/**/README.md"))
#: The pages with examples of commands; recipes for clients and the guide to AWS have tests of their own.
PAGES = sorted(str(page.relative_to(ROOT)) for page in _EVERY_PAGE if "```console" in page.read_text("utf-8"))
#: Every page but the guide to AWS, which tests/aws and the rehearsal follow.
ALL_PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in _EVERY_PAGE
    if page != ROOT / "infra" / "README.md" and "node_modules" not in page.parts
)
#: The languages of the recipes that tests/clients runs.
RECIPES = ("bash", "javascript", "python")
#: Commands that set up the machine, which has been done when a test runs.
SETTING_UP = re.compile(r"make (run|test)")
TRIES, PAUSE_SECONDS = 12, 0.5
COMMAND_SECONDS = 60
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Above a block that is not run stands why.
_BLOCK_WITH_REASON = re.compile(r"(<!-- Not run.*? -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: What differs from one run to another: ids, times, sizes and other numbers.
_CHANGING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"(?<![\w-])[\w-]{32,}"), "<key>"),
    (re.compile(r"\d[\d,.]*"), "<number>"),
    (re.compile(r" +"), " "),
)


class Example(NamedTuple):
    """A command of a page, and the output that is printed below it."""

    command: str
    output: list[str]


def examples(page: str) -> Iterator[Example]:
    """Return the examples of a page in order."""
    for language, block in _BLOCK.findall((ROOT / page).read_text("utf-8")):
        if language == "console":
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                yield _example(part.splitlines())


def _example(lines: list[str]) -> Example:
    """Split an example where its quotes are closed and no backslash goes on."""
    for count in range(1, len(lines) + 1):
        command = "\n".join(lines[:count])
        is_whole = command.count("'") % 2 == 0 and command.count('"') % 2 == 0 and not command.endswith("\\")
        if is_whole:
            return Example(command, [line for line in lines[count:] if line])
    raise AssertionError(f"{lines[0]} has an open quote")


class Shell:
    """A shell at the root of the project, whose variables stay from one command to the next."""

    def __init__(self, stack: dict[str, Any], folder: Path) -> None:
        """Use the running `stack`; files are saved in `folder`."""
        self._stack = stack
        self._folder = folder
        self._variables = ""

    def run(self, command: str) -> list[str]:
        """Return the lines that `command` prints after the earlier commands that set variables."""
        here = self._here(command)
        if here.startswith(". "):
            self._variables += f"{here}\n"
        done = subprocess.run(
            ["/bin/bash", "-c", f"{self._variables}{here}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
            cwd=ROOT,
            env=os.environ | {"DATA": self._stack["data"]},
            check=False,
        )
        # Progress rewrites its line.
        text = done.stdout.replace(self._stack["url"], "http://127.0.0.1:8000")
        return [line for part in text.splitlines() if (line := part.rpartition("\r")[2].rstrip())]

    def _here(self, command: str) -> str:
        """Return `command` for the data folder and the environment of this run."""
        tool = f"{sys.executable} -m"
        places = {
            ".local/": f"{self._stack['data']}/",
            ".venv/bin/ringledger": f"{tool} chalicelib.admin",
            "make smoke": f"{tool} infra.smoke",
            "-o call.wav": f"-o {self._folder}/call.wav",
            "-o answer.txt": f"-o {self._folder}/answer.txt",
        }
        for printed, here in places.items():
            command = command.replace(printed, here)
        return command


def differences(printed: list[str], found: list[str]) -> str:
    """Return how the output differs from what is printed; `…` stands for any lines, or for the rest of one."""
    pattern = "".join("(?:.*\n)*?" if line.strip() == "…" else f"{_pattern(line)}\n" for line in printed)
    whole = "".join(f"{_steady(line)}\n" for line in found)
    return "" if re.fullmatch(pattern, whole) else f"printed:\n{printed}\nfound:\n{found}"


def _pattern(line: str) -> str:
    return ".*".join(re.escape(_steady(part)) for part in line.split("…"))


def _steady(line: str) -> str:
    for changing, name in _CHANGING:
        line = changing.sub(name, line)
    return line.strip()


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page(page: str, stack: dict[str, Any], tmp_path: Path) -> None:
    """Each command prints what the page says; what another command causes comes within seconds."""
    shell, faults = Shell(stack, tmp_path), list[str]()
    for example in examples(page):
        fault = ""
        for _ in range(TRIES):
            fault = differences(example.output, shell.run(example.command))
            if not fault or not example.command.startswith("curl -sS $URL/"):
                break
            time.sleep(PAUSE_SECONDS)
        if fault:
            faults.append(f"$ {example.command}\n{fault}")
    assert not faults, "\n\n".join(faults)


@pytest.mark.parametrize("page", ALL_PAGES)
def test_every_block_is_run_or_says_why_not(page: str) -> None:
    """A block is an example, the set-up of the machine, a recipe of tests/clients, or has its reason above it."""
    text = (ROOT / page).read_text("utf-8")
    recipes = RECIPES if page.startswith("docs/clients/") else ()
    unknown = [
        block.partition("\n")[0]
        for reason, language, block in _BLOCK_WITH_REASON.findall(text)
        if not (reason or language in ("console", *recipes) or SETTING_UP.fullmatch(block.strip()))
    ]
    assert unknown == []


def test_variables_of_examples_are_exported(tmp_path: Path) -> None:
    """Every variable that an example uses is set by the script of the first example."""
    keyring.write_private_text(tmp_path / "environment", "")
    facts: dict[str, Any] = {
        "url": "http://127.0.0.1:8000",
        "recording": "http://127.0.0.1:8000/rest/v1/journal/calls/1/attachment1?key=2",
        "tokens": dict.fromkeys(("statistics", "recordings", "nimbox", "oktell", "operations"), "3"),
        "webhook_keys": {
            "telphin": dict.fromkeys(("phone", "ivr", "queue"), "4"),
            "mtt": "5",
            "asterisk": "7",
            "native": "6",
        },
    }
    environment.add_examples(tmp_path / "environment", facts)
    script = (tmp_path / "environment").read_text("utf-8")

    used = {
        name for page in PAGES for example in examples(page) for name in re.findall(r"\$([A-Z_]+)", example.command)
    }
    assert {name for name in used if f"export {name}=" not in script} == set()
    assert "export CALL=1\n" in script
