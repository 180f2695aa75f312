"""The layer with pyarrow, which only the Lambda of the archive loads: its zip, small enough for Lambda's limit."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from infra.aws import zips
from infra.aws.intrinsics import Json, physical

REQUIREMENTS = Path(__file__).with_name("requirements-archive.txt")
FILE = "archive-layer.zip"
LAYER = "ArchiveLayer"
PLATFORM = "manylinux_2_28_aarch64"
VERSION = "3.13"
# Other protocols, other clouds, sources and tests: the archive writes and reads Parquet files on the disk.
UNUSED = re.compile(
    r"pyarrow/(?:include|includes|src|tests|interchange|_?flight|_s3fs|_gcsfs|_azurefs|_hdfs|_orc)\b.*"
    r"|pyarrow/libarrow_(?:flight|s3|gcs|azure)[.\w]*|.*\.(?:pyx|pxd|pxi|pyi|h|lib|cmake)|.*/__pycache__/.*"
    r"|pyarrow-[\w.]+\.dist-info/(?!METADATA|licenses).*"
)


class LayerFailed(Exception):
    """The layer cannot be built; the message says why."""


def resource() -> Json:
    """Return the layer as a resource of the template."""
    return {
        LAYER: {
            "Type": "AWS::Serverless::LayerVersion",
            "Properties": {
                "LayerName": physical("archive"),
                "Description": "pyarrow, for the Lambda of the archive",
                "ContentUri": f"./{FILE}",
                "CompatibleRuntimes": [f"python{VERSION}"],
                "CompatibleArchitectures": ["arm64"],
                "RetentionPolicy": "Delete",
            },
        }
    }


def build(zip_file: Path) -> int:
    """Write the layer's zip, the same bytes from the same wheel, and return its size unpacked. Raises LayerFailed."""
    with tempfile.TemporaryDirectory(prefix="ringledger-layer-") as place:
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--no-deps",
            "--target",
            place,
        ]
        command += ["--only-binary", ":all:", "--platform", PLATFORM, "--python-version", VERSION, "--no-compile"]
        run = subprocess.run([*command, "-r", REQUIREMENTS], capture_output=True, text=True, check=False)
        if run.returncode:
            raise LayerFailed(f"pip cannot download the archive's layer: {run.stderr.strip()[-1_000:]}")
        return _write(Path(place), zip_file)


def _write(folder: Path, zip_file: Path) -> int:
    size = 0
    with ZipFile(zip_file, "w", ZIP_DEFLATED, compresslevel=9) as target:
        for path in used(folder):
            content = path.read_bytes()
            size += len(content)
            zips.put(target, f"python/{path.relative_to(folder)}", content)
    return size


def used(folder: Path) -> Iterator[Path]:
    """Return the files of an installed pyarrow that the archive needs, sorted."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not UNUSED.fullmatch(path.relative_to(folder).as_posix()):
            yield path
