"""Errors as JSON: which status and code each one has, and the handlers that Flask calls."""

import logging

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException

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
from pbf.logs import request_id
from pbf.server.request_body import TOO_LARGE

LONGEST_LOGGED_PATH = 200
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
    405: ("method_not_allowed", "This route does not allow that method."),
    413: TOO_LARGE[1:],
    415: ("not_json", "Send the body as JSON, with Content-Type: application/json."),
}
INVALID_JSON = (400, "invalid_json")
UNEXPECTED = (500, "failed")

log = logging.getLogger(__name__)


class InvalidJson(BadRequest):
    """400: the body is not valid JSON; the description says why."""


def register(app: Flask) -> None:
    """Have an app return every error as JSON."""
    app.register_error_handler(PbfError, handle_error)
    app.register_error_handler(HTTPException, handle_http_error)
    app.register_error_handler(Exception, handle_unexpected_error)


def error_response(status: int, code: str, message: str) -> Response:
    """Return an error as JSON: a code for programs, a sentence for people."""
    error = {"code": code, "message": message, "request_id": request_id()}
    response = jsonify({"error": error})
    response.status_code = status
    path = request.path
    if len(path) > LONGEST_LOGGED_PATH:
        path = f"(a path of {len(path)} characters)"
    log.log(
        logging.WARNING if status >= 500 else logging.INFO,
        *("%s %s: %d %s: %s", request.method, path, status, code, message),
    )
    return response


def handle_error(error: PbfError) -> Response:
    """Return one of our own errors as JSON."""
    classes = type(error).__mro__
    status, code = next(STATUS_CODES[kind] for kind in classes if kind in STATUS_CODES)
    response = error_response(status, code, str(error))
    if isinstance(error, RateLimited | InProgress):
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def handle_http_error(error: HTTPException) -> Response:
    """Return an error of the request itself as JSON."""
    status = error.code or 500
    code, message = HTTP_ERRORS.get(status, ("failed", error.name))
    if isinstance(error, InvalidJson):
        code, message = INVALID_JSON[1], str(error.description)
    response = error_response(status, code, message)
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def handle_unexpected_error(error: Exception) -> Response:
    """Return any other error as JSON, without its text."""
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return error_response(*UNEXPECTED, "Something went wrong here. Try again in a moment.")
