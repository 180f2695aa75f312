"""The first minute of `make run`: each package that pip takes is shown."""

from __future__ import annotations

import pytest

from infra.installing import shown

PIP = """\
Looking in indexes: https://index.example/simple
Obtaining file:///home/user/ringledger
  Installing build dependencies: started
  Installing build dependencies: finished with status 'done'
Collecting cheroot==11.1.2
  Downloading cheroot-11.1.2-py3-none-any.whl (109 kB)
Processing ./files/jaraco_functools-4.6.0-py3-none-any.whl (from cheroot)
Requirement already satisfied: idna in ./site-packages
Installing collected packages: more-itertools, jaraco.functools, cheroot
Successfully installed cheroot-11.1.2
"""


def test_each_package_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Downloads show their size; a file has one line for each step, since nothing can be rewritten there."""
    lines = list(shown(PIP.splitlines(keepends=True)))

    assert "".join(lines) == PIP
    assert capsys.readouterr().out.splitlines() == [
        "    1  ringledger",
        "    2  build dependencies",
        "    3  cheroot (109 kB)",
        "    4  jaraco_functools",
        "  unpacking 3 packages",
        "    4 steps done",
    ]
