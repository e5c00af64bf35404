"""Responses of the JSON API: lists as cached bytes with ETags, single objects, cache headers."""

import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask import Response, current_app, json, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.http import parse_etags

from pbf.api.schemas import ConnectorDetail, ResponseModel
from pbf.cache.entries import CachedList, keep_newest
from pbf.fivetran.models import Connector
from pbf.server.compression import Body

JSON = "application/json"
# Links are absolute, so each host has a body of its own; the bound keeps the memory small.
MAX_BODIES = 16


class BodyCache:
    """Whole lists as bytes, built once per revision."""

    def __init__(self) -> None:
        """Start empty."""
        self._bodies: dict[tuple[type[ResponseModel], str], tuple[str, Body]] = {}
        self._lock = threading.Lock()

    def get(self, entry: CachedList[Any], model: type[ResponseModel], base: str) -> Body:
        """Return the body of a list of a model, with links on a base."""
        key = (model, base)
        revision, body = self._bodies.get(key, ("", None))
        if body and revision == entry.revision:
            return body
        with self._lock:
            revision, body = self._bodies.get(key, ("", None))
            if body is None or revision != entry.revision:
                body = _body(entry.items, model, base)
                keep_newest(self._bodies, key, (entry.revision, body), MAX_BODIES)
        return body


def whole_list(entry: CachedList[Any], model: type[ResponseModel], *, base: str = "") -> Response:
    """Return a whole list as JSON, from the body cache; links of the sandbox start at `base`."""
    bodies: BodyCache = current_app.extensions["pbf_bodies"]
    return with_age(body_response(bodies.get(entry, model, base), JSON), entry)


def filtered_list(items: Iterable[Any], model: type[ResponseModel]) -> Response:
    """Return part of a list as JSON, built for this request alone."""
    return body_response(_body(items, model), JSON)


def json_response(content: ResponseModel) -> Response:
    """Return one object as JSON."""
    return jsonify(content.model_dump(mode="json"))


def detailed_connector(connector: Connector) -> ConnectorDetail:
    """Return a connector with its present health and actions."""
    return ConnectorDetail.of(connector, datetime.now(UTC))


def with_age(response: Response, entry: CachedList[Any]) -> Response:
    """Add the Age header (RFC 9111) if the list could not be refreshed."""
    if entry.problem is not None:
        response.headers["Age"] = str(max(0, round(time.time() - entry.fetched_at)))
    return response


def no_store(response: ResponseReturnValue) -> Response:
    """Return a response that nobody may cache, and whose address is sent to no other site."""
    uncached: Response = current_app.make_response(response)
    uncached.headers["Cache-Control"] = "no-store"
    uncached.headers["Referrer-Policy"] = "no-referrer"
    return uncached


def body_response(body: Body, content_type: str) -> Response:
    """Return a body in the best encoding that the client accepts, or 304 if its ETag matches."""
    environ = request.environ
    encoding, content = body.choose(environ.get("HTTP_ACCEPT_ENCODING", ""))
    etag = body.etag(encoding)
    headers = [("Vary", "Accept-Encoding"), ("ETag", f'"{etag}"')]
    # Werkzeug's make_conditional costs as much as the rest of the request; this is the part we use.
    if_none_match = environ.get("HTTP_IF_NONE_MATCH")
    if if_none_match and parse_etags(if_none_match).contains_weak(etag):
        return Response(status=304, headers=headers)
    headers.append(("Content-Type", content_type))
    if encoding != "identity":
        headers.append(("Content-Encoding", encoding))
    return Response(content, 200, headers)


def _body(items: Iterable[Any], model: type[ResponseModel], base: str = "") -> Body:
    context = {"base": base}
    objects = (model.model_validate(item, context=context) for item in items)
    return Body(json.dumps([content.model_dump(mode="json") for content in objects]).encode())
