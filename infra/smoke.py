"""`python -m infra.smoke`: checks a running stage from outside, surface by surface.

URL is the API's address, TOKEN that of an integration with the scopes statistics, recordings, nimbox and oktell (what
it lacks is told), WEBHOOK_KEY the key of a Telphin extension. Without URL, what stack.json of `make run` says. Nothing
is changed but a token's last use; with WEBHOOK_KEY an event of no known kind is kept.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import urllib3

SECONDS = 30
UNKNOWN = "0" * 32
NO_CALL = "00000000-0000-0000-0000-000000000000"
PAGE = "https://page.example"
SHOWN = 200
UNAVAILABLE = 503


@dataclass(frozen=True)
class Stage:
    """The stage to check, with a token for each scope."""

    url: str
    tokens: Mapping[str, str]
    webhook_key: str = ""


@dataclass(frozen=True)
class Check:
    """One request and its expected answer: one of these statuses, with this text in its body."""

    surface: str
    rule: str
    path: str
    method: str = "GET"
    statuses: tuple[int, ...] = (200,)
    text: str = ""
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    #: The scope that the token needs.
    scope: str = ""


class Seen(NamedTuple):
    """The answer, or status 0 and the reason when there was none."""

    status: int
    text: str
    milliseconds: float


def checks(stage: Stage) -> Iterator[Check]:
    """Return all checks."""
    yield Check("health", "the API is up", "/health", text='"status":"ok"')
    yield Check("health", "PostgreSQL, SQS and S3 answer", "/health?deep=1", text='"status":"ok"')
    yield from _documents()
    yield from _console()
    yield from _statistics(stage.tokens["statistics"])
    yield from _recordings(stage.tokens["recordings"])
    yield from _webhooks(stage.webhook_key)
    yield from _nimbox(stage.tokens["nimbox"])
    yield from _oktell(stage.tokens["oktell"])
    bearer = {"Authorization": f"Bearer {UNKNOWN}"}
    yield Check("operations", "an unknown token is refused", "/operations/overview", statuses=(401,), headers=bearer)
    yield Check("gateway", "a path of no surface is not found", "/no/such/path/at/all", statuses=(404,), text='"error"')
    # For a method that a path does not have, API Gateway answers 404 and the local servers 405 and 403.
    statuses = (403, 404, 405)
    yield Check("gateway", "the gateway's errors have the bundle's shape", "/health", "PUT", statuses, '"error"')


def _documents() -> Iterator[Check]:
    yield Check("documents", "the interface is described in OpenAPI", "/openapi.json", text='"openapi": "3.1')
    yield Check("documents", "the description is a page, too", "/docs", text="<!doctype html>")


def _console() -> Iterator[Check]:
    browser = {"Accept": "text/html"}
    yield Check("console", "a browser is led to the page", "/", statuses=(302,), headers=browser)
    yield Check("console", "the page is served", "/console/", text="<!doctype html>")


def _statistics(token: str) -> Iterator[Check]:
    def body(query: str) -> str:
        return json.dumps({"entity": "chronological", "action": "quantity", "options": {"psql": query}})

    bearer = {"Authorization": f"Bearer {token}"}
    count = body("select count(*) from calls.success")
    yield Check(
        "statistics", "an unknown token is refused", f"/api/token/v1/{UNKNOWN}", "POST", (404,), "1404", body="{}"
    )
    yield Check("statistics", "a request without a token is refused", "/statistics", "POST", (401,), body=count)
    yield Check(
        "statistics", "a browser's page is admitted", "/statistics", "OPTIONS", (204,), headers={"Origin": PAGE}
    )
    asking = Check("statistics", "a query is answered", "/statistics", "POST", headers=bearer, scope="statistics")
    yield replace(asking, text='"success":true', body=count)
    summary = json.dumps({"entity": "operational", "action": "summary"})
    yield replace(asking, rule="the present state is answered", text='"last_event_at"', body=summary)
    report = Check("statistics", "the reports are listed", "/reports", headers=bearer, scope="statistics")
    yield replace(report, text='"not-called-back"')
    yield replace(report, rule="a report is a file", path="/reports/not-called-back.csv?from=-1d", text="number,missed")
    yield replace(report, rule="a report without a token is refused", statuses=(401,), headers={}, scope="")
    yield Check(
        "statistics", "a token learns its scopes", "/token", text='"scopes"', headers=bearer, scope="statistics"
    )
    yield Check("statistics", "the tables are described", "/statistics/schema", text='"calls.success"')
    refused = body("select count(*) from pg_catalog.pg_authid")
    yield replace(asking, rule="the guard refuses other tables", text='"success":false', body=refused)


def _recordings(token: str) -> Iterator[Check]:
    path = f"/rest/v1/journal/calls/{NO_CALL}/attachment1"
    yield Check("recordings", "a link without a key is refused", path, statuses=(403,))
    yield Check("recordings", "HEAD without a key is refused", path, "HEAD", (403,))
    bearer = {"Authorization": f"Bearer {token}"}
    yield Check("recordings", "an unknown call is not found", path, statuses=(404,), headers=bearer, scope="recordings")


def _webhooks(key: str) -> Iterator[Check]:
    yield Check("webhooks", "an unknown key is refused", f"/ext-event/{UNKNOWN}", "POST", (404,), body="EventType=x")
    yield Check("webhooks", "an unknown provider is refused", f"/webhooks/none/{UNKNOWN}", "POST", (404,), body="{}")
    if key:
        yield Check("webhooks", "an event is accepted", f"/ext-event/{key}", "POST", text="OK", body="EventType=smoke")


def _nimbox(token: str) -> Iterator[Check]:
    path = "/direct/items/phonecalls/create?token="
    yield Check("nimbox", "an unknown token is refused", path + UNKNOWN, text='"token"')
    yield Check("nimbox", "a call without parameters is refused", path + token, text="initiated", scope="nimbox")


def _oktell(token: str) -> Iterator[Check]:
    path = "/tst_getintnumberreadyusers?number=1&password="
    yield Check("oktell", "an unknown password is refused", path + UNKNOWN, statuses=(401, 403))
    yield Check("oktell", "a command is answered", path + token, scope="oktell")


def main() -> int:
    """Run every check; return exit status 1 when one fails, 2 when there is no stage to check."""
    stage = _stage(os.environ)
    if stage is None:
        sys.stderr.write("Say where: make smoke URL=https://… TOKEN=…, or start `make run` first\n")
        return 2
    return 0 if passed(stage) else 1


def passed(stage: Stage) -> bool:
    """Run every check of the stage, write each result, and return True when all pass."""
    sys.stdout.write(f"{stage.url}\n")
    results: list[bool] = []
    for check in checks(stage):
        seen = _asked(stage.url, check)
        results.append(seen.status in check.statuses and check.text in seen.text)
        _tell(check, seen, stage.tokens.get(check.scope, ""), as_it_should=results[-1])
        if not (seen.status or any(results)):
            sys.stdout.write("Nothing answers there: the other checks are left out.\n")
            break
    sys.stdout.write(f"{sum(results)} of {len(results)} checks passed\n")
    return all(results)


def _tell(check: Check, seen: Seen, token: str, *, as_it_should: bool) -> None:
    verdict, reason = "ok    ", ""
    if not as_it_should:
        verdict, reason = "FAILED", f"   {seen.status or 'no answer'} {' '.join(seen.text.split())[:SHOWN]}"
        if check.scope and seen.status != UNAVAILABLE:
            reason += f" (has the token the scope {check.scope}?)" if token else " (TOKEN is not set)"
    sys.stdout.write(f"  {verdict}  {check.surface:<12}{check.rule:<38}{seen.milliseconds:>6.0f} ms{reason}\n")


def _stage(environment: Mapping[str, str]) -> Stage | None:
    scopes = ("statistics", "recordings", "nimbox", "oktell")
    if url := environment.get("URL"):
        tokens = dict.fromkeys(scopes, environment.get("TOKEN", ""))
        return Stage(url.rstrip("/"), tokens, environment.get("WEBHOOK_KEY", ""))
    file = Path(environment.get("DATA") or ".local") / "stack.json"
    if not file.exists():
        return None
    facts: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return Stage(facts["url"], facts["tokens"], facts["webhook_keys"]["telphin"]["phone"])


def _asked(url: str, check: Check) -> Seen:
    began = time.perf_counter()
    try:
        answer = urllib3.request(
            check.method, url + check.path, body=check.body or None, headers=check.headers, redirect=False,
            retries=False, timeout=SECONDS,
        )  # fmt: skip
        status, text = answer.status, answer.data.decode(errors="replace")
    except urllib3.exceptions.HTTPError as fault:
        status, text = 0, _without_secrets(fault, url)
    return Seen(status, text, (time.perf_counter() - began) * 1_000)


def _without_secrets(fault: urllib3.exceptions.HTTPError, url: str) -> str:
    """Return the kind of the fault and the host, without its message, which contains the path and its token."""
    return f"{type(fault).__name__} ({urlsplit(url).netloc})"


if __name__ == "__main__":
    sys.exit(main())
