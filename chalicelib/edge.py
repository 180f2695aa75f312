"""The common part of the HTTP surfaces: requests, answers, errors, cross-origin headers, a log line a request."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote_plus, urlencode

from aws_lambda_powertools.logging import Logger
from chalice.app import Blueprint, Response

from chalicelib.errors import InvalidRequest, RingledgerError, TooLarge
from chalicelib.platform import configuration, runtime

# Clients send JSON and forms under many content types, so the body decides.
ANY_CONTENT = ["*/*"]
FORM = "application/x-www-form-urlencoded"
#: The methods of routes that change nothing.
READ = ("GET", "HEAD")
FIELDS_LIMIT = 100
#: The longest credential in a form, in bytes.
FORM_VALUE_LIMIT = 4_096
NO_HEADERS: Mapping[str, str] = {}
COMMON_HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}


def logger() -> Logger:
    """Return the structured log; the entries of `extra` become keys of the line."""
    level = configuration.current().log_level
    return runtime.current().shared(Logger, lambda: Logger(service="ringledger", level=level))


@dataclass(frozen=True)
class Request:
    """An HTTP request; `headers` ignores case, the values of `path` are decoded."""

    id: str
    method: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    #: All parameters of the address, including repeated ones, encoded again: a gateway passes on decoded values only.
    query_string: str = ""
    #: The path as the client sent it, with a final slash and the gateway's stage where it has them.
    address: str = ""
    #: The client's IP address, as the gateway saw it.
    source: str = ""

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """Return the parameters of the address and of an urlencoded form; the form takes precedence.

        Names keep their case, and the last of repeated values counts. Raises InvalidRequest for too many fields.
        """
        if self.method != "POST" or not is_form(self.headers.get("content-type", "")):
            return self.query
        try:
            form = parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True, max_num_fields=FIELDS_LIMIT)
        except ValueError:
            raise InvalidRequest(f"A form may have {FIELDS_LIMIT} fields") from None
        return {**self.query, **dict(form)}

    def form_value(self, name: str, *, any_case: bool = False) -> str:
        """Return the last value of a form field, or an empty text, without decoding the other fields.

        Credentials are read like this before the caller is known: decoding a large form costs much time. The name must
        not be escaped, and the value has up to FORM_VALUE_LIMIT bytes.
        """
        if self.method != "POST" or not is_form(self.headers.get("content-type", "")):
            return ""
        # One search from the end: a form may have the field many thousand times.
        form, key = b"&" + self.body, f"&{name}=".encode()
        start = form.lower().rfind(key.lower()) if any_case else form.rfind(key)
        value = form[start + len(key) :].partition(b"&")[0] if start >= 0 else b""
        if len(value) > FORM_VALUE_LIMIT:
            return ""
        return unquote_plus(value.decode(errors="replace"), errors="replace")


def is_form(content_type: str) -> bool:
    """Return whether a body of this type is an urlencoded form; old clients post forms without a type."""
    return content_type.partition(";")[0].strip().lower() in {FORM, ""}


class Answer(NamedTuple):
    """An HTTP answer; a body of bytes is sent unchanged, whatever the client accepts."""

    body: str | bytes
    status: int = 200
    headers: Mapping[str, str] = NO_HEADERS


Notes = dict[str, object]
View = Callable[[Request, Notes], Answer]
ErrorShape = Callable[[RingledgerError], Answer]


def json_answer(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer whose body is `content` as JSON."""
    return Answer(json.dumps(content, ensure_ascii=False, separators=(",", ":")), status, headers or NO_HEADERS)


def plain_error(error: RingledgerError) -> Answer:
    """Return the answer to an error on surfaces whose protocol defines none."""
    return json_answer({"error": error.code, "message": error.message}, error.status)


class _Binary(Response):
    """An answer of bytes: API Gateway decodes base64, since all types are binary to it (`*/*`)."""

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:  # noqa: ARG002 - Chalice's own name
        """Return the answer in the form of Lambda."""
        return {**super().to_dict(), "body": b64encode(self.body).decode("ascii"), "isBase64Encoded": True}


def route(
    routes: Blueprint, path: str, *, methods: tuple[str, ...], errors: ErrorShape = plain_error, body_limit: int = 0
) -> Callable[[View], View]:
    """Serve `path` with a view; `errors` gives the answer to an error in the surface's own shape.

    The notes of the view become keys of the log line. The setting CORS_ORIGINS decides about cross-origin requests,
    including preflights. `body_limit` is in bytes.
    """

    def register(view: View) -> View:
        def serve(**values: str) -> Response:
            request = _request(routes.current_request, values)
            answer = _observed(view, request, errors, body_limit)
            headers: dict[str, str | list[str]] = {
                **COMMON_HEADERS,
                "X-Request-Id": request.id,
                **cross_origin(request),
                **answer.headers,
            }
            body = "" if request.method == "HEAD" else answer.body
            kind = _Binary if isinstance(body, bytes) else Response
            return kind(body=body, status_code=answer.status, headers=headers)

        # Chalice names a route after its view, and packaging finds its Lambda by the module.
        serve.__name__, serve.__module__ = view.__name__, view.__module__
        routes.route(path, methods=[*methods, "OPTIONS"], content_types=ANY_CONTENT)(serve)
        return view

    return register


def wants_redirect(request: Request) -> bool:
    """Return whether a file is answered with a redirect; `redirect=0` asks for a description of it.

    Some clients send their Authorization header on to S3, which refuses it.
    """
    return request.query.get("redirect", "") != "0"


def is_current(request: Request, etag: str) -> bool:
    """Return whether `If-None-Match` names this version of the answer, by weak comparison (RFC 9110 section 13.1.2).

    `*` names none: it would hide the error of a request that was never answered.
    """
    known = request.headers.get("if-none-match", "").split(",")
    return etag.removeprefix("W/") in {version.strip().removeprefix("W/") for version in known}


def cross_origin(request: Request) -> dict[str, str]:
    """Return the headers that let pages of an allowed origin read the answer (Fetch standard, CORS protocol)."""
    origin, allowed = request.headers.get("origin", ""), configuration.current().cors_origins
    if not origin or not ({"*", origin} & set(allowed)):
        return {}
    return {
        "Access-Control-Allow-Origin": "*" if "*" in allowed else origin,
        "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match",
        "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
        "Access-Control-Expose-Headers": "ETag, Retry-After, X-File-Size, X-File-Type, X-Request-Id",
        "Access-Control-Max-Age": "600",
        "Vary": "Origin",
    }


def _request(raw: Any, values: Mapping[str, str]) -> Request:  # noqa: ANN401 - Chalice's own request
    return Request(
        id=raw.context.get("requestId") or raw.lambda_context.aws_request_id,
        method=raw.method,
        path=values,
        query={_text(name): _text(value) for name, value in (raw.query_params or {}).items()},
        headers=raw.headers,
        body=raw.raw_body or b"",
        query_string=_encoded(raw.query_params),
        address=raw.context.get("path") or "",
        source=str((raw.context.get("identity") or {}).get("sourceIp") or ""),
    )


def _encoded(parameters: Any) -> str:  # noqa: ANN401 - Chalice's own dictionary of lists
    pairs = [(name, value) for name in parameters or () for value in parameters.getlist(name)]
    return urlencode([(_bytes(name), _bytes(value)) for name, value in pairs])


def _bytes(text: str) -> bytes:
    """Return the bytes that the client escaped; bytes outside of UTF-8 are surrogates here."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="replace")


def _text(text: str) -> str:
    return text if text.isascii() else _bytes(text).decode(errors="replace")


def _observed(view: View, request: Request, errors: ErrorShape, body_limit: int) -> Answer:
    if request.method == "OPTIONS":
        return Answer("", 204)
    notes: Notes = {}
    began = time.perf_counter()
    answer, outcome = _answered(view, request, notes, errors, body_limit)
    logger().info(
        "request",
        extra={
            "surface": view.__module__.split(".")[-2],
            "request_id": request.id,
            "status": answer.status,
            "outcome": outcome,
            "milliseconds": round((time.perf_counter() - began) * 1_000, 1),
            **notes,
        },
    )
    return answer


def _answered(view: View, request: Request, notes: Notes, errors: ErrorShape, body_limit: int) -> tuple[Answer, str]:
    try:
        _check_size(request, body_limit)
        return view(request, notes), "ok"
    except RingledgerError as error:
        if error.details:
            notes["details"] = error.details
        answer = errors(error)
        return Answer(answer.body, answer.status, {**answer.headers, **error.headers}), error.code
    except Exception:  # noqa: BLE001 - the last resort: any error is logged, and the caller gets our shape
        logger().exception("unexpected failure", extra={"request_id": request.id})
        return errors(RingledgerError()), RingledgerError.code


def _check_size(request: Request, limit: int) -> None:
    if len(request.body) > limit:
        raise TooLarge(f"The body is {len(request.body)} bytes long; at most {limit} are accepted")
