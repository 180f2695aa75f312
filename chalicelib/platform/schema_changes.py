"""Changes of tables while others read and write them: a change waits seconds for its locks, and is repeated later.

Whoever wants a lock queues behind a change that waits for it, so a change that waited for a long report would stop
ingestion for as long.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from chalicelib.platform.postgres import Connection, DatabaseError

LOCK_TIMEOUT = "2s"
ATTEMPTS = 3

#: lock_not_available, deadlock_detected: somebody else holds a lock that the change needs.
_BUSY = frozenset({"55P03", "40P01"})
_LIMIT = f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"

logger = logging.getLogger(__name__)


def attempt(owner: Connection, title: str, change: Callable[[], object]) -> bool:
    """Do `change`, which runs statements of `owner`, in a transaction; return False when its tables are in use.

    The next run of the maintenance tries again. Raises Unavailable and DatabaseError.
    """
    return any(_done(owner, change) for _ in range(ATTEMPTS)) or _postponed(title)


def _done(owner: Connection, change: Callable[[], object]) -> bool:
    try:
        with owner.transaction():
            owner.execute(_LIMIT)
            change()
    except DatabaseError as error:
        if error.sqlstate not in _BUSY:
            raise
        return False
    return True


def _postponed(title: str) -> bool:
    logger.warning("%s is postponed: its tables are in use", title)
    return False
