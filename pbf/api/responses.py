"""What the JSON door lets out: the fields that may leave, lists kept as bytes, and errors."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from flask import Response, json, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.http import parse_etags

from pbf.api.schemas import ConnectorDetail, Shape
from pbf.cache.entries import Answer
from pbf.errors import (
    ApiError,
    BadAnswer,
    ConfigurationError,
    Conflict,
    ConnectionFailed,
    GroupNotVisible,
    InProgress,
    InputError,
    InvalidName,
    InvalidRedirect,
    InvalidRequest,
    KeyReused,
    NameTaken,
    NotApplied,
    NotCreatable,
    NotFound,
    NotNow,
    PbfError,
    RateLimited,
    ServerFailed,
    StoreFailed,
    TimedOut,
    TooManyRequests,
    UnknownConnector,
    UnknownService,
)
from pbf.fivetran.models import Connector
from pbf.logs import request_id
from pbf.server.compression import Body

JSON = "application/json"

# Hosts are told apart, since links are absolute; strangers' Host headers must not fill the memory.
KEPT_BODIES = 16
LONGEST_PATH = 200
STATUS_CODES: dict[type[PbfError], tuple[int, str]] = {
    ConfigurationError: (503, "not_configured"),
    InvalidName: (400, "invalid_name"),
    InvalidRedirect: (400, "invalid_redirect"),
    NameTaken: (409, "name_taken"),
    NotNow: (409, "not_now"),
    KeyReused: (422, "key_reused"),
    InProgress: (409, "in_progress"),
    StoreFailed: (503, "store_unavailable"),
    NotCreatable: (422, "not_creatable"),
    UnknownService: (404, "unknown_service"),
    UnknownConnector: (404, "unknown_connector"),
    InputError: (400, "invalid_request"),
    TimedOut: (504, "fivetran_timeout"),
    ConnectionFailed: (502, "fivetran_unreachable"),
    BadAnswer: (502, "fivetran_bad_answer"),
    NotApplied: (502, "fivetran_not_applied"),
    ServerFailed: (502, "fivetran_failed"),
    TooManyRequests: (429, "too_many"),
    RateLimited: (429, "rate_limited"),
    InvalidRequest: (400, "fivetran_invalid_request"),
    Conflict: (409, "fivetran_conflict"),
    GroupNotVisible: (502, "group_not_visible"),
    NotFound: (404, "fivetran_not_found"),
    ApiError: (502, "fivetran_refused"),
}
HTTP_ERRORS: dict[int, tuple[str, str]] = {
    400: ("bad_request", "The request is malformed."),
    404: ("not_found", "There is no such route."),
    405: ("method_not_allowed", "This route does not take that method."),
    413: ("too_large", "The body is larger than 64 KiB."),
    415: ("not_json", "Send the body as JSON, with Content-Type: application/json."),
}
log = logging.getLogger(__name__)

INVALID_JSON = (400, "invalid_json")
UNEXPECTED = (500, "failed")


class NotJson(BadRequest):
    """400: the body cannot be read as JSON; the description says why."""


class Bodies:
    """The lists as bytes, built once per change."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: OrderedDict[tuple[str, str], tuple[str, Body]] = OrderedDict()
        self._lock = threading.Lock()

    def whole(self, kind: str, base: str, answer: Answer[Any], shape: type[Shape]) -> Body:
        """Return the body of a whole list of a kind, with links on a base."""
        return self._get((kind, base), answer.revision, lambda: _text(answer.items, base, shape))

    def _get(self, key: tuple[str, str], revision: str, build: Callable[[], bytes]) -> Body:
        kept = self._kept.get(key)
        if kept and kept[0] == revision:
            return kept[1]
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept[0] != revision:
                kept = self._kept[key] = (revision, Body(build()))
                while len(self._kept) > KEPT_BODIES:
                    self._kept.popitem(last=False)
        return kept[1]


def shown(what: Shape) -> Response:
    """Return one thing as JSON."""
    return jsonify(what.model_dump(mode="json"))


def chosen(items: Iterable[Any], base: str, shape: type[Shape]) -> Response:
    """Return some of a list as JSON, made for this caller alone."""
    return sent(Body(_text(items, base, shape)), JSON)


def aged(response: Response, answer: Answer[Any]) -> Response:
    """Return a response that tells the age (RFC 9111) of an answer that could not be renewed."""
    if answer.problem is not None:
        response.headers["Age"] = str(max(0, round(time.time() - answer.fetched_at)))
    return response


def detailed_connector(connector: Connector) -> ConnectorDetail:
    """Return a connector with its health and what can be done with it, as it is now."""
    return ConnectorDetail.of(connector, datetime.now(UTC))


def sent(body: Body, kind: str) -> Response:
    """Return a body of a media type, compressed as the client takes it, or 304 if it has it."""
    environ = request.environ
    encoding, content = body.choose(environ.get("HTTP_ACCEPT_ENCODING", ""))
    etag = body.etag(encoding)
    headers = [("Vary", "Accept-Encoding"), ("ETag", f'"{etag}"')]
    # Werkzeug's make_conditional costs as much as all the rest of a request; this is its one part.
    known = environ.get("HTTP_IF_NONE_MATCH")
    if known and parse_etags(known).contains_weak(etag):
        return Response(status=304, headers=headers)
    headers.append(("Content-Type", kind))
    if encoding != "identity":
        headers.append(("Content-Encoding", encoding))
    return Response(content, 200, headers)


def _text(items: Iterable[Any], base: str, shape: type[Shape]) -> bytes:
    context = {"base": base}
    shapes = (shape.model_validate(item, context=context) for item in items)
    return json.dumps([each.model_dump(mode="json") for each in shapes]).encode()


def refusal(status: int, code: str, message: str) -> Response:
    """Return an error as JSON: a code for programs, a sentence for people."""
    said = {"code": code, "message": message, "request_id": request_id()}
    response = jsonify({"error": said})
    response.status_code = status
    place = request.path
    if len(place) > LONGEST_PATH:
        place = f"(a path of {len(place)} characters)"
    log.log(
        logging.WARNING if status >= 500 else logging.INFO,
        *("%s %s: %d %s: %s", request.method, place, status, code, message),
    )
    return response


def show_error(error: PbfError) -> Response:
    """Return one of our errors as JSON."""
    kinds = type(error).__mro__
    status, code = next(STATUS_CODES[kind] for kind in kinds if kind in STATUS_CODES)
    response = refusal(status, code, str(error))
    if isinstance(error, RateLimited | InProgress):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def show_http_error(error: HTTPException) -> Response:
    """Return an error of the request itself as JSON."""
    status = error.code or 500
    code, message = HTTP_ERRORS.get(status, ("failed", error.name))
    if isinstance(error, NotJson):
        code, message = INVALID_JSON[1], str(error.description)
    response = refusal(status, code, message)
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def show_unexpected(error: Exception) -> Response:
    """Return an error that nobody foresaw, without its text."""
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return refusal(*UNEXPECTED, "Something went wrong here. Try again in a moment.")
