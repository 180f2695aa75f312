"""The reference of what a query may use, for `GET /statistics/functions`."""

from __future__ import annotations

from chalicelib.errors import RingledgerError
from chalicelib.statistics import bounds, guard, tree
from chalicelib.statistics.allowlist import COLLATIONS, GROUPS, SAMPLING_METHODS, SYMBOLS, TYPES
from chalicelib.statistics.metric_functions import METRIC_FUNCTIONS
from chalicelib.statistics.reader import reader

LIMITS = {
    "bytes of a query": guard.TEXT_LIMIT,
    "tables in one SELECT with its subqueries": tree.TABLES_LIMIT,
    "length in repeat, lpad, rpad": bounds.REPEAT_LIMIT,
    "characters of all repeat, lpad, rpad": bounds.REPEATED_TEXT,
    "exponent of power and ^": bounds.EXPONENT_LIMIT,
    "values of all generate_series": bounds.SERIES_PRODUCT,
    "seconds of the step of generate_series over times": int(bounds.SHORTEST_STEP),
    "width in a format template, below": bounds.FORMAT_WIDTH_LIMIT,
    "characters of a search text": bounds.PATTERN_LIMIT,
    "characters of a JSON path": bounds.JSONPATH_LIMIT,
    "length of char(n), bit(n)": bounds.PADDED_TYPE_LIMITS["bpchar"],
}


def reference() -> dict[str, object]:
    """Return the allowed names by kind, with the collations of the server, and the limits.

    Without a database, the collations are those that servers usually have.
    """
    try:
        collations = reader()[1].server.collations
    except RingledgerError:
        collations = COLLATIONS
    return {
        "functions": {
            **{group: sorted(words.split()) for group, words in GROUPS.items()},
            "metrics, in FROM": sorted(METRIC_FUNCTIONS),
        },
        "types": sorted(TYPES),
        "operators": sorted(SYMBOLS),
        "collations": sorted(collations),
        "sampling methods": sorted(SAMPLING_METHODS),
        "limits": LIMITS,
    }
