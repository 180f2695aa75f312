"""Modules that load at their first use, and models whose schemas are built at theirs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.platform.lazy_modules import LAZY

ROOT = Path(__file__).parents[2]
_SHOW = """
import sys
import app
{use}
print(*sorted(name for name in {names} if type(sys.modules.get(name)).__name__ == "_LazyModule"))
"""
_PARSE = 'from pglast import parser; parser.parse_sql_json("select 1")'
_BUILT = """
import app
from pydantic import BaseModel
def models(parent):
    for model in parent.__subclasses__():
        yield model
        yield from models(model)
print(*sorted(model.__name__ for model in models(BaseModel) if model.__pydantic_complete__))
"""
LIBRARIES = {"aws_lambda_powertools.utilities.jmespath_utils", "email.header"}
#: Lambda -> what its start imports without loading it, beside the parts of libraries that all import.
NOT_LOADED = {
    "statistics": {"pglast.ast", "pglast.enums", *(name for name in LAZY if name.startswith("chalicelib.statistics."))},
    "operations": {name for name in LAZY if name.startswith("chalicelib.operations.")},
    "webhooks": {"concurrent.futures"},
}


def _output(code: str, name: str) -> str:
    environment = {"PATH": os.environ["PATH"], "_HANDLER": f"app.{name}", "LAMBDA_TASK_ROOT": "/var/task"}
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return shown.stdout.strip()


@pytest.mark.parametrize("name", NOT_LOADED)
def test_a_start_loads_none_of_them(name: str) -> None:
    """Neither a start nor the parsing of a query uses the modules."""
    use = _PARSE if name == "statistics" else ""
    assert set(_output(_SHOW.format(use=use, names=list(LAZY)), name).split()) >= LIBRARIES | NOT_LOADED[name]


@pytest.mark.parametrize("name", NOT_LOADED)
def test_a_start_reads_the_version_of_no_package(name: str) -> None:
    """urllib3's package for HTTP/2 is there without its own code, which loads importlib.metadata."""
    code = "import sys, app, urllib3.http2.probe; print('importlib.metadata' in sys.modules, dir(urllib3.http2)[-1])"
    assert _output(code, name) == "False probe"


def test_numbers_are_counted_without_the_own_code_of_powertools() -> None:
    """The modules of an emptied package work: a count is written in CloudWatch's form."""
    code = "from chalicelib import metrics; metrics.publish('here', {'Counted': 2})"
    assert json.loads(_output(code, "webhooks"))["Counted"] == [2.0]


def test_garbage_is_collected_after_a_start() -> None:
    """The imports stay out of all later collections."""
    code = "import gc, app; print(gc.isenabled(), gc.get_freeze_count() > 10_000)"
    assert _output(code, "statistics") == "True True"


@pytest.mark.parametrize("name", ["nimbox", "operations", "statistics"])
def test_a_start_builds_no_model(name: str) -> None:
    """Pydantic builds a model's schema when the first request needs it."""
    assert _output(_BUILT, name) == ""


@pytest.mark.parametrize(
    "use",
    [
        'import pglast; print(pglast.parse_sql("select 1")[0].stmt.targetList[0].val.val.ival)',
        "import pglast.enums; print(int(pglast.enums.ObjectType.OBJECT_ACCESS_METHOD) + 1)",
        'from aws_lambda_powertools.utilities import jmespath_utils\nprint(jmespath_utils.query({"one": 1}, "one"))',
        "from chalicelib.operations import operator_requests as lazy; print(lazy.ListFilter(limit=1).limit)",
    ],
)
def test_a_module_is_whole_when_it_is_used(use: str) -> None:
    """The first use of an attribute loads the module."""
    assert _output(f"import chalicelib\n{use}", "operations") == "1"
