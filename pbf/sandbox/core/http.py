"""Code shared by all routes: the world, bodies, paging, the envelope."""

import base64
import json
from collections.abc import Callable, Collection
from itertools import islice
from typing import Any, TypeVar

from flask import Response, current_app, g, request

from pbf.sandbox.core.errors import InvalidInput, SandboxError
from pbf.sandbox.core.validation import truth
from pbf.sandbox.core.world import World

DEFAULT_LIMIT = 100
LARGEST_LIMIT = 1000
DOWNLOAD, FILE = "/download", "application/octet-stream"

Record = TypeVar("Record")

to_json = json.JSONEncoder(separators=(",", ":")).encode
"""Return a value as compact JSON."""

LEGACY_PATH = "sandbox.legacy_path"
"""Environ key that holds the original path of a request to a legacy path."""


def world() -> World:
    """Return the world that this app serves."""
    served: World = current_app.extensions["world"]
    return served


def base_url() -> str:
    """Return the URL that links start with, without a trailing slash."""
    public: str | None = current_app.extensions["public_url"]
    if public is None:
        public = request.host_url.rstrip("/") + request.script_root
    return public.rstrip("/")


def noun() -> str:
    """Return the word for a connection: legacy paths say connector."""
    return "Connector" if LEGACY_PATH in request.environ else "Connection"


def add_rate_limit(response: Response) -> Response:
    """Add the rate limit headers to the response to an authorised request."""
    response.headers.update(g.get("rate_limit", {}))
    return response


def answer(
    data: Any = None, *, message: str | None = None, status: int = 200, code: str = "Success"
) -> Response:
    """Return a success in Fivetran's envelope."""
    envelope: dict[str, Any] = {"code": code}
    if message is not None:
        envelope["message"] = message
    if data is not None:
        envelope["data"] = data
    return as_json(envelope, status)


def as_json(value: Any, status: int = 200) -> Response:
    """Return a value as a JSON response."""
    return Response(to_json(value), status=status, mimetype="application/json")


def body(*, optional: bool = False) -> dict[str, Any]:
    """Return the request's JSON object, or an empty one if it is optional and absent."""
    if optional and not request.get_data():
        return {}
    if request.mimetype != "application/json":
        text = "The Content-Type must be application/json"
        raise SandboxError(text, code="UnsupportedMediaType", status=415)
    try:
        value = json.loads(request.get_data())
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The request body is not valid JSON") from error
    if not isinstance(value, dict):
        raise InvalidInput("The request body must be a JSON object")
    return value


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    is_number = text.isascii() and text.isdecimal()
    if is_number and int(text[:9]) > LARGEST_LIMIT and world().assumptions.large_limits_are_reduced:
        return LARGEST_LIMIT
    if not is_number or not 1 <= int(text[:9]) <= LARGEST_LIMIT:
        code = world().assumptions.bad_paging_code
        raise InvalidInput(f"The limit must be in the range 1..{LARGEST_LIMIT}", code=code)
    return int(text)


def _skip(cursor: str | None) -> int:
    if not cursor:
        return 0
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars="-_", validate=True)
        value = json.loads(raw)["skip"]
    except (ValueError, TypeError, KeyError) as error:
        raise _bad_cursor() from error
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _bad_cursor()
    return value


def _bad_cursor() -> InvalidInput:
    return InvalidInput("The cursor cannot be read", code=world().assumptions.bad_paging_code)


def cursor(skip: int) -> str:
    """Return the cursor of the page that starts after so many items."""
    return base64.urlsafe_b64encode(b'{"skip":%d}' % skip).rstrip(b"=").decode()


def query_flag(name: str, *, default: bool | None = None) -> bool | None:
    """Return a truth value of the query, or the default if it has none of that name."""
    value = truth(request.args[name]) if name in request.args else default
    if isinstance(value, str):
        raise InvalidInput(f"Invalid '{name}' value")
    return value


def requested_page(
    records: Collection[Record], view: Callable[[Record], dict[str, Any]]
) -> dict[str, Any]:
    """Return the page of these records that the request asks for."""
    skip, limit = _skip(request.args.get("cursor")), _limit(request.args.get("limit"))
    page: dict[str, Any] = {
        "items": [view(record) for record in islice(records, skip, skip + limit)]
    }
    if len(records) > skip + limit:
        page["next_cursor"] = cursor(skip + limit)
    return page
