"""The layer of the archive: pinned by its hash, small enough, and sufficient for what the archive imports."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa

from infra.aws import layers
from infra.aws.lambdas import LAMBDAS

ROOT = Path(__file__).parents[2]
#: Lambda's limit of the zip and its layers, and the room that the zip takes of it.
LIMIT, ZIP = 250_000_000, 110_000_000


def test_only_the_archive_has_the_layer() -> None:
    """No other Lambda loads pyarrow."""
    assert [name for name, needed in LAMBDAS.items() if needed.layer] == ["archive"]
    assert LAMBDAS["archive"].layer == layers.LAYER in layers.resource()


def test_one_version_is_pinned_everywhere() -> None:
    """The layer has the version that the tests and the local stack use, and pip checks its hash."""
    pinned = re.findall(r"(?m)^pyarrow==(\S+)( --hash=sha256:[0-9a-f]{64})?$", layers.REQUIREMENTS.read_text("utf-8"))
    assert pinned[0][0] == pa.__version__
    assert pinned[0][1]
    assert f"pyarrow=={pa.__version__}\n" in (ROOT / "requirements-run.txt").read_text("utf-8")


def test_the_parts_of_the_layer_suffice(tmp_path: Path) -> None:
    """The archive's modules import and write a file with the parts of pyarrow that the layer has."""
    installed = Path(pa.__file__).parents[1]
    kept = tmp_path / "python"
    size = 0
    for path in layers.used(installed):
        if path.is_relative_to(installed / "pyarrow"):
            size += path.stat().st_size
            target = kept / path.relative_to(installed)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    program = (
        "import pyarrow as pa, pyarrow.parquet as pq, io; from pyarrow import compute; f = io.BytesIO();"
        "t = pa.table({'a': ['x', None]}); pq.write_table(t, f, compression='zstd');"
        "assert pq.read_table(f).equals(t); compute.match_substring_regex(t['a'], 'x');"
        "from chalicelib.archive import archiving, erasing, refilling; print(pa.__file__)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env={"PYTHONPATH": f"{kept}:{ROOT}"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert str(kept) in run.stdout
    assert size + ZIP < LIMIT
