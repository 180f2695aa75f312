"""The script that PBXs run against NiMbox, extracted from the documentation page."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.programs import missing

SEED = Path(__file__).parents[3] / "shared" / "seeds" / "nimbox-phonecalls.es.txt"
MODULES = ("DBI", "DBD::mysql", "LWP::UserAgent", "JSON", "URI::Escape")

# What a line break was before: the end of a statement, of a comment, of the query's text, and around documentation.
_BREAKS = (
    (r"^#!/usr/bin/perl\s+", "#!/usr/bin/perl\n"),
    (r";\s+", ";\n"),
    (r"#\s+#\s+documentation\s+#\s+", "\n#\n# documentation\n#\n"),
    (r"(#\s+[a-z ]+?)\s+(?=(?:my|print)\b)", r"\1\n"),
    (r"\s+EOSQL\s+(?=my\b)", "\nEOSQL\n"),
    (r"\s*__END__\s+", "\n__END__\n"),
    (r"\s+(=(?:head1|over|item|back|cut)\b)", r"\n\n\1"),
)


def rebuilt(values: Mapping[str, str]) -> str:
    """Return the script with these `values` for its variables. Skip without the page."""
    if not SEED.exists():
        pytest.skip(f"needs the page with the script: there is no {SEED.name} in {SEED.parent}")
    page = SEED.read_text("utf-8")
    text = page[page.index("#!/usr/bin/perl") :]
    for pattern, line_break in _BREAKS:
        text = re.sub(pattern, line_break, text)
    for name, value in values.items():
        text, found = re.subn(rf'(?<=my \${name} = ")[^"]*', value, text)
        assert found == 1, name
    return text


def perl() -> str:
    """Return this machine's Perl; skip, or fail in CI, when it cannot run the script."""
    program = shutil.which("perl") or missing("needs Perl (Debian's package perl)")
    for module in MODULES:
        if subprocess.run([program, f"-M{module}", "-e1"], capture_output=True, check=False).returncode:
            missing(f"needs Perl's module {module} (Debian's libdbd-mysql-perl, libwww-perl, libjson-perl)")
    return program
