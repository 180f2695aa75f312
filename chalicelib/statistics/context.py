"""The circumstances of a request to the channel, and its answers: whether a client already has one, and its limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.errors import RingledgerError
from chalicelib.statistics import query, versions
from chalicelib.statistics.answer import InlineAnswer, Limits, StoredAnswer, Unchanged
from chalicelib.statistics.circumstances import Circumstances
from chalicelib.statistics.execution import Query
from chalicelib.statistics.formats import Output
from chalicelib.statistics.requests import FormatOptions

#: The scope that may ask queries, and the one that may save reports.
STATISTICS, REPORTS = "statistics", "reports"

AnyAnswer = InlineAnswer | StoredAnswer | Unchanged


@dataclass(frozen=True)
class Context(Circumstances):
    """The circumstances of a request.

    `protocol_beginnings` tells whether the protocol's rule for the first words of a query applies, `gzip` whether the
    client accepts compressed answers, `is_current` whether the client has the answer of an ETag.
    """

    protocol_beginnings: bool = True
    gzip: bool = False
    is_current: Callable[[str], bool] = lambda _etag: False
    body: bytes = b""
    scopes: tuple[str, ...] = (STATISTICS,)
    integration: str = ""

    def limits(self) -> Limits:
        """Return the limits on the size of an answer."""
        return Limits(self.settings.answer_limit, self.settings.spill_limit, self.gzip)

    def output(self, chosen: FormatOptions) -> Output:
        """Return the wanted output."""
        return Output(chosen.format, chosen.bigint == "text", chosen.excel, self.settings.row_limit)

    def rows(self, key: bytes, asked: Query, chosen: FormatOptions) -> AnyAnswer:
        """Return the rows of a query, unless the client has an answer to the request `key` that would be the same."""
        output, limits = self.output(chosen), self.limits()
        return self.unless_known(key, [asked], lambda: query.rows(asked, output, limits, self.settings, self.notes))

    def unless_known(
        self, key: bytes, queries: Sequence[Query], run: Callable[[], InlineAnswer | StoredAnswer]
    ) -> AnyAnswer:
        """Run the queries of the request `key`, unless the client has an answer that would be the same."""
        etag = versions.etag(key, queries)
        if etag and self.is_current(etag):
            self.notes["unchanged"] = True
            return Unchanged(etag)
        answer = run()
        is_complete = not self.notes.get("failed")
        return answer._replace(etag=etag) if is_complete else answer


class FileFailed(RingledgerError):
    """The query of an answer that is no envelope, such as CSV, is refused or failed."""

    code = "query-failed"
    status = 422
