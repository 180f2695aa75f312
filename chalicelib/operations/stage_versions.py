"""The versions of a running stage: the bundle, the database's schema, PostgreSQL and Python."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from chalicelib.platform.postgres import Connection

_OF_THE_DATABASE = """
SELECT current_setting('server_version'), (SELECT coalesce(max(name), '') FROM ledger.migrations)
"""


def of(database: Connection) -> dict[str, str]:
    """Return the versions by name, as the command `status` and the page show them."""
    server, migration = database.execute(_OF_THE_DATABASE)[0]
    try:
        own = version("ringledger")
    except PackageNotFoundError:
        # A Lambda has the files of the bundle, not the installed package.
        own = "as deployed"
    return {"ringledger": own, "migration": migration, "postgresql": server, "python": platform.python_version()}
