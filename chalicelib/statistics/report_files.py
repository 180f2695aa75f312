"""Reports at an address of their own, for clients that only open addresses: `GET /reports/{name}.csv`."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from chalicelib.errors import InvalidRequest, QueryFailed, Refused
from chalicelib.statistics import report_actions
from chalicelib.statistics.context import AnyAnswer, Context, FileFailed
from chalicelib.statistics.report_definitions import RESERVED, UnknownReport
from chalicelib.statistics.requests import FormatOptions
from chalicelib.statistics.unknown_names import first_repeated

#: The formats of an ending. The first one needs no `format=`.
ENDINGS = {"csv": ("csv",), "json": ("json", "columns"), "ndjson": ("ndjson",)}
_BIGINT = ("number", "text")
_TRUTH = {"": False, "0": False, "false": False, "1": True, "true": True}


def answer(file: str, query: Mapping[str, str], context: Context) -> AnyAnswer:
    """Return the report `name.ending` for the parameters of the address.

    Raise UnknownReport, InvalidRequest with the name of a wrong parameter, FileFailed when the query fails.
    """
    name, _, ending = file.rpartition(".")
    if ending not in ENDINGS or not name:
        endings = ", ".join(f".{each}" for each in ENDINGS)
        raise UnknownReport(f"{file[:60]!a} is no report: the address ends in one of {endings}")
    chosen = FormatOptions(
        format=_choice(query, "format", ENDINGS[ending]),  # type: ignore[arg-type]
        bigint=_choice(query, "bigint", _BIGINT),  # type: ignore[arg-type]
        excel=_excel(query),
    )
    given = {parameter: value for parameter, value in query.items() if parameter not in RESERVED}
    try:
        return report_actions.answer(name, given, chosen, context)
    except (Refused, QueryFailed) as error:
        raise FileFailed(error.message, details=error.details) from None


def check_once(query_string: str) -> None:
    """Check that the address has each parameter once. Raise InvalidRequest: all values but one would be lost."""
    repeated = first_repeated(name for name, _ in parse_qsl(query_string, keep_blank_values=True))
    if repeated is not None:
        raise InvalidRequest(f"parameter {repeated[:60]!a} is in the address twice")


def _choice(query: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = query.get(name) or choices[0]
    if value not in choices:
        raise InvalidRequest(f"parameter {name} must be {' or '.join(choices)} here, not {value[:60]!a}")
    return value


def _excel(query: Mapping[str, str]) -> bool:
    value = query.get("excel", "").lower()
    if value not in _TRUTH:
        raise InvalidRequest(f"parameter excel must be 1 or 0, not {value[:60]!a}")
    return _TRUTH[value]
