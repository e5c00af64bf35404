"""Errors as JSON: which status and code each one has, and the handlers that Flask calls."""

import logging

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException

from pbf import errors
from pbf.connectors.access.caller import readable
from pbf.errors import InProgress, PbfError, RateLimited, ShuttingDown, StoreFailed
from pbf.logs import request_id
from pbf.metrics.outages import log_level
from pbf.server.request_body import TOO_LARGE

LONGEST_LOGGED_PATH = 200
STATUS_CODES: dict[type[PbfError], tuple[int, str]] = {
    errors.ConfigurationError: (503, "not_configured"),
    errors.InvalidName: (400, "invalid_name"),
    errors.InvalidRedirect: (400, "invalid_redirect"),
    errors.NameTaken: (409, "name_taken"),
    errors.NotPermitted: (403, "forbidden"),
    errors.NotNow: (409, "not_now"),
    errors.LimitReached: (409, "limit_reached"),
    errors.KeyReused: (422, "key_reused"),
    errors.InProgress: (409, "in_progress"),
    errors.StoreFailed: (503, "store_unavailable"),
    errors.ShuttingDown: (503, "shutting_down"),
    errors.NotCreatable: (422, "not_creatable"),
    errors.UnknownService: (404, "unknown_service"),
    errors.UnknownConnector: (404, "unknown_connector"),
    errors.UnknownLink: (404, "unknown_link"),
    errors.UnknownTenant: (404, "unknown_tenant"),
    errors.UnknownItem: (404, "unknown_item"),
    errors.UnknownChannel: (404, "unknown_channel"),
    errors.InvalidChannel: (400, "invalid_channel"),
    errors.InvalidToken: (401, "invalid_token"),
    errors.NotSignedIn: (401, "not_signed_in"),
    errors.SignInFailed: (401, "sign_in_failed"),
    errors.ProviderUnavailable: (503, "sign_in_unavailable"),
    errors.InvalidSignature: (401, "not_signed"),
    errors.InputError: (400, "invalid_request"),
    errors.TimedOut: (504, "fivetran_timeout"),
    errors.ConnectionFailed: (502, "fivetran_unreachable"),
    errors.BadAnswer: (502, "fivetran_bad_answer"),
    errors.NotApplied: (502, "fivetran_not_applied"),
    errors.ServerFailed: (502, "fivetran_failed"),
    errors.TooManyRequests: (429, "too_many"),
    errors.FivetranBusy: (503, "fivetran_busy"),
    errors.RateLimited: (429, "rate_limited"),
    errors.InvalidRequest: (400, "fivetran_invalid_request"),
    errors.Conflict: (409, "fivetran_conflict"),
    errors.GroupNotVisible: (502, "group_not_visible"),
    errors.NotFound: (404, "fivetran_not_found"),
    errors.ApiError: (502, "fivetran_refused"),
}
HTTP_ERRORS: dict[int, tuple[str, str]] = {
    400: ("bad_request", "The request is malformed."),
    404: ("not_found", "There is no such route."),
    405: ("method_not_allowed", "This route does not allow that method."),
    413: TOO_LARGE[1:],
    415: ("not_json", "Send the body as JSON, with Content-Type: application/json."),
}
INVALID_JSON = (400, "invalid_json", "The body is not valid JSON.")
UNEXPECTED = (500, "failed", "Something went wrong here. Try again in a moment.")

log = logging.getLogger(__name__)


class InvalidJson(BadRequest):
    """400: the body is not valid JSON; the description says why."""


def register(app: Flask) -> None:
    """Have an app return every error as JSON."""
    app.register_error_handler(PbfError, handle_error)
    app.register_error_handler(HTTPException, handle_http_error)
    app.register_error_handler(Exception, handle_unexpected_error)


def error_response(
    status: int, code: str, message: str, *, cause: Exception | None = None
) -> Response:
    """Return an error as JSON: a code for programs, a sentence for people.

    What an outage causes is not logged: the outage itself has a line.
    """
    error = {"code": code, "message": message, "request_id": request_id()}
    response = jsonify({"error": error})
    response.status_code = status
    path = request.path
    if len(path) > LONGEST_LOGGED_PATH:
        path = f"(a path of {len(path)} characters)"
    log.log(
        _level(status, cause),
        *("%s %s: %d %s: %s", request.method, path, status, code, message),
    )
    return response


def _level(status: int, cause: Exception | None) -> int:
    if status < 500:
        return logging.INFO
    return log_level(cause) if cause else logging.WARNING


def handle_error(error: PbfError) -> Response:
    """Return one of our own errors as JSON."""
    classes = type(error).__mro__
    status, code = next(STATUS_CODES[kind] for kind in classes if kind in STATUS_CODES)
    response = error_response(status, code, readable(error), cause=error)
    if isinstance(error, RateLimited | InProgress | ShuttingDown | StoreFailed):
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
    return error_response(*UNEXPECTED)
