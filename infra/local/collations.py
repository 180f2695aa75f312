"""The collations of the embedded PostgreSQL, which has no ICU: those of the machine's locales."""

from __future__ import annotations

import psycopg2

#: The name of the Russian order on servers with ICU, as reports write it, and the same order of the C library.
RUSSIAN, RUSSIAN_LOCALE = "ru-x-icu", "ru_RU.utf8"

_MISSING = """
SELECT EXISTS (SELECT FROM pg_collation WHERE collname = %(locale)s)
    AND NOT EXISTS (SELECT FROM pg_collation WHERE collname = %(name)s)
"""


def add(owner_url: str) -> None:
    """Add the collations of all locales that the machine has, and the Russian one under its name in ICU, too."""
    connection = psycopg2.connect(owner_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SELECT pg_import_system_collations('pg_catalog')")
            cursor.execute(_MISSING, {"locale": RUSSIAN_LOCALE, "name": RUSSIAN})
            if cursor.fetchall() == [(True,)]:
                cursor.execute(
                    f"CREATE COLLATION pg_catalog.\"{RUSSIAN}\" (provider = libc, locale = '{RUSSIAN_LOCALE}')"
                )
    finally:
        connection.close()
