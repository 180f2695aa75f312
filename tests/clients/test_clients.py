"""The pages of docs/clients: their programs run against the stack as they are printed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.programs import missing

pytestmark = pytest.mark.verify

PAGES = Path(__file__).parents[2] / "docs" / "clients"
#: A language of a code block -> the command that runs the block from standard input, and the programs that it needs.
RUNNERS: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "python": ([sys.executable, "-W", "error", "-"], ()),
    "bash": (["bash", "-euo", "pipefail", "-s"], ("curl", "wget", "psql")),
    "javascript": (["node", "--input-type=module", "-"], ("node",)),
}
SECONDS = 60


def _blocks(language: str) -> list[tuple[str, str]]:
    """Return the blocks of a language with the names of their pages; those of one page run together."""
    found = []
    for page in sorted(PAGES.glob("*.md")):
        blocks = re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        if blocks:
            found.append((page.name, "\n".join(blocks)))
    return found


def _run(language: str, program: str, stack: dict[str, Any], folder: Path) -> str:
    command, programs = RUNNERS[language]
    for name in programs:
        if shutil.which(name) is None:
            missing(f"{name} is not there")
    environment = {
        "PATH": os.environ["PATH"],
        "URL": stack["url"],
        "TOKEN": stack["tokens"]["statistics"],
        "BI_DATABASE_URL": stack["bi_database_url"],
    }
    done = subprocess.run(
        command,
        input=program,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


#: Page -> texts that its programs print.
PRINTED = {
    "curl.md": (
        "invitedt,anumber,bnumber,duration",
        '{"success":true,"error":null,"data":[{',
        "first: 200\nsecond: 304\n",
    ),
    "pandas.md": ("count", "mean"),
    "javascript.md": ("answered ", "missed ", 'broken column "nothing" does not exist'),
    "superset.md": ("'success'", "calls"),
}


@pytest.mark.parametrize(
    ("language", "page", "program"),
    [(language, page, program) for language in RUNNERS for page, program in _blocks(language)],
    ids=lambda value: value if len(value) < 20 else "program",
)
def test_the_programs_of_a_page_run(
    stack: dict[str, Any], tmp_path: Path, language: str, page: str, program: str
) -> None:
    """A reader who pastes the blocks of a page gets what the page says."""
    printed = _run(language, program, stack, tmp_path)
    expected = PRINTED[page] if language != "bash" or page == "curl.md" else ("calls", "invitedt,anumber,duration")
    assert [text for text in expected if text not in printed] == []


def _panels() -> list[dict[str, Any]]:
    return list(json.loads((PAGES / "grafana-dashboard.json").read_text("utf-8"))["panels"])


@pytest.mark.parametrize("panel", _panels(), ids=lambda panel: panel["title"])
def test_each_panel_of_the_dashboard_has_its_columns(stack: dict[str, Any], panel: dict[str, Any]) -> None:
    """The request of a panel, with a time range as Grafana fills it in, returns the columns that the panel shows."""
    (target,) = panel["targets"]
    body = target["url_options"]["data"].replace("${__from:date:iso}", "2000-01-01T00:00:00.000Z")
    body = body.replace("${__to:date:iso}", "2100-01-01T00:00:00.000Z")
    headers = {"Authorization": f"Bearer {stack['tokens']['statistics']}", "Content-Type": "application/json"}
    answer = requests.post(f"{stack['url']}{target['url']}", data=body, headers=headers, timeout=SECONDS).json()
    assert answer["success"], answer["error"]
    rows = answer[target["root_selector"]]
    assert rows
    assert list(rows[0]) == [column["selector"] for column in target["columns"]]


def test_the_request_of_power_query(stack: dict[str, Any]) -> None:
    """The query that Excel sends is answered in CSV with the columns that the page types."""
    page = (PAGES / "excel.md").read_text("utf-8")
    psql = re.search(r'Query = "(.*?)"', page, re.DOTALL)
    typed = re.search(r"TransformColumnTypes\(Named, \{(.*)\}, ", page)
    assert psql
    assert typed
    options = {"psql": psql[1], "format": "csv", "params": {"since": "2000-01-01", "until": "2100-01-01"}}
    address = f"{stack['url']}/api/token/v1/{stack['tokens']['statistics']}"
    request = {"entity": "chronological", "action": "data", "options": options}
    answer = requests.post(address, json=request, timeout=SECONDS)
    assert answer.status_code == 200
    header = answer.content.decode().split("\r\n")[0].split(",")
    assert set(re.findall(r'\{"(\w+)"', typed[1])) <= set(header)
