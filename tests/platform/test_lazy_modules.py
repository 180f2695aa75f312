"""Parts of libraries that load at their first use."""

from __future__ import annotations

import subprocess
import sys

import pytest

from chalicelib.platform.lazy_modules import LAZY

_USE = """
import sys
from chalicelib.statistics import channel
from chalicelib import edge
from pglast import parser
parser.parse_sql_json("select 1")
print(*sorted(name for name in {names} if type(sys.modules[name]).__name__ == "_LazyModule"))
"""


def _output(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_a_lambda_that_starts_and_parses_a_query_loads_none_of_them() -> None:
    """Starting and parsing as JSON use none of the modules."""
    assert _output(_USE.format(names=sorted(LAZY))).split() == sorted(LAZY)


@pytest.mark.parametrize(
    "use",
    [
        'import pglast; print(pglast.parse_sql("select 1")[0].stmt.targetList[0].val.val.ival)',
        "import pglast.enums; print(int(pglast.enums.ObjectType.OBJECT_ACCESS_METHOD) + 1)",
        'from aws_lambda_powertools.utilities import jmespath_utils\nprint(jmespath_utils.query({"one": 1}, "one"))',
    ],
)
def test_a_module_is_whole_when_it_is_used(use: str) -> None:
    """The first use of an attribute loads the module."""
    assert _output(f"import chalicelib\n{use}") == "1"
