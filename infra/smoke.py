"""`python -m infra.smoke`: whether a running stage answers as it should, surface by surface, from outside.

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
NOBODY = "0" * 32
NO_CALL = "00000000-0000-0000-0000-000000000000"
PAGE = "https://page.example"
SHOWN = 200
UNAVAILABLE = 503


@dataclass(frozen=True)
class Stage:
    """Where to ask, and as whom: a token for each scope."""

    url: str
    tokens: Mapping[str, str]
    webhook_key: str = ""


@dataclass(frozen=True)
class Check:
    """One request and what its answer must be: one of these statuses, with this text in its body."""

    surface: str
    rule: str
    path: str
    method: str = "GET"
    statuses: tuple[int, ...] = (200,)
    text: str = ""
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    #: The scope that the token must have for it.
    scope: str = ""


class Seen(NamedTuple):
    """What was answered; status 0 and the reason where nothing was."""

    status: int
    text: str
    milliseconds: float


def checks(stage: Stage) -> Iterator[Check]:
    """Everything that can be seen from outside."""
    yield Check("health", "the API is up", "/health", text='"status":"ok"')
    yield Check("health", "PostgreSQL, SQS and S3 answer", "/health?deep=1", text='"status":"ok"')
    yield from _statistics(stage.tokens["statistics"])
    yield from _recordings(stage.tokens["recordings"])
    yield from _webhooks(stage.webhook_key)
    yield from _nimbox(stage.tokens["nimbox"])
    yield from _oktell(stage.tokens["oktell"])
    # API Gateway says 403 of a method that a path does not have, the local server 405.
    yield Check("gateway", "its own errors have our shape", "/health", "PUT", (403, 405), '"error"')


def _statistics(token: str) -> Iterator[Check]:
    def asked(query: str) -> str:
        return json.dumps({"entity": "chronological", "action": "quantity", "options": {"psql": query}})

    bearer = {"Authorization": f"Bearer {token}"}
    count = asked("select count(*) from calls.success")
    yield Check(
        "statistics", "a token of nobody is refused", f"/api/token/v1/{NOBODY}", "POST", (404,), "1404", body="{}"
    )
    yield Check("statistics", "so is a request without one", "/statistics", "POST", (401,), body=count)
    yield Check("statistics", "a page may ask", "/statistics", "OPTIONS", (204,), headers={"Origin": PAGE})
    asking = Check("statistics", "a query is answered", "/statistics", "POST", headers=bearer, scope="statistics")
    yield replace(asking, text='"success":true', body=count)
    refused = asked("select count(*) from pg_catalog.pg_authid")
    yield replace(asking, rule="and the guard refuses", text='"success":false', body=refused)


def _recordings(token: str) -> Iterator[Check]:
    path = f"/rest/v1/journal/calls/{NO_CALL}/attachment1"
    yield Check("recordings", "a link without a key is refused", path, statuses=(403,))
    yield Check("recordings", "by HEAD too", path, "HEAD", (403,))
    bearer = {"Authorization": f"Bearer {token}"}
    yield Check(
        "recordings", "a call of nobody is not found", path, statuses=(404,), headers=bearer, scope="recordings"
    )


def _webhooks(key: str) -> Iterator[Check]:
    yield Check("webhooks", "a key of nobody is refused", f"/ext-event/{NOBODY}", "POST", (404,), body="EventType=x")
    yield Check("webhooks", "so is an unknown provider", f"/webhooks/none/{NOBODY}", "POST", (404,), body="{}")
    if key:
        yield Check("webhooks", "an event is accepted", f"/ext-event/{key}", "POST", text="OK", body="EventType=smoke")


def _nimbox(token: str) -> Iterator[Check]:
    path = "/direct/items/phonecalls/create?token="
    yield Check("nimbox", "a token of nobody is refused", path + NOBODY, text='"token"')
    yield Check("nimbox", "a call without facts is refused", path + token, text="initiated", scope="nimbox")


def _oktell(token: str) -> Iterator[Check]:
    path = "/tst_getintnumberreadyusers?number=1&password="
    yield Check("oktell", "a password of nobody is refused", path + NOBODY, statuses=(401, 403))
    yield Check("oktell", "a command is answered", path + token, scope="oktell")


def main() -> int:
    """Run every check; the exit status is 1 when one failed, 2 when there is nothing to ask."""
    stage = _stage(os.environ)
    if stage is None:
        sys.stderr.write("Say where: make smoke URL=https://… TOKEN=…, or start `make run` first\n")
        return 2
    return 0 if passed(stage) else 1


def passed(stage: Stage) -> bool:
    """Take every check of the stage, write what came of each, and answer whether all passed."""
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
            reason += f" (has the token the scope {check.scope}?)" if token else " (no TOKEN was given)"
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
    """The kind of the fault and the host alone: its own words hold the path, where tokens stand."""
    return f"{type(fault).__name__} ({urlsplit(url).netloc})"


if __name__ == "__main__":
    sys.exit(main())
