"""Responses of the JSON API: lists as cached bytes with ETags, single objects, cache headers."""

import threading
from collections.abc import Iterable
from typing import Any

from flask import Response, current_app, json, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import Headers
from werkzeug.http import parse_etags

from pbf.api.schemas import ConnectorDetail, ResponseModel
from pbf.cache.entries import CachedList
from pbf.clock import current_time, utc_now
from pbf.fivetran.models import Connector
from pbf.server.compression import Body

JSON = "application/json"
# The newest body of a list replaces the one before. Links are absolute, so each host has bodies of
# its own; the bounds keep the memory small, encoded bodies not counted.
MAX_BODIES = 2000
MAX_BYTES = 64_000_000
LOCKS = 16
Key = tuple[str, type[ResponseModel], str]


class BodyCache:
    """Whole lists of all tenants as bytes, built once per revision."""

    def __init__(self, *, max_bodies: int = MAX_BODIES, max_bytes: int = MAX_BYTES) -> None:
        """Start empty; beyond a limit, the bodies that were built first are removed."""
        self._bodies: dict[Key, tuple[str, Body]] = {}
        self._limits = max_bodies, max_bytes
        self._size = 0
        self._lock = threading.Lock()
        # A body is built by one thread; a long list of one tenant holds up few others.
        self._building = tuple(threading.Lock() for _ in range(LOCKS))

    def get(
        self, tenant_id: str, entry: CachedList[Any], model: type[ResponseModel], base: str
    ) -> Body:
        """Return the body of a tenant's list of a model, with links on a base."""
        key = (tenant_id, model, base)
        revision, body = self._bodies.get(key, ("", None))
        if body and revision == entry.revision:
            return body
        with self._building[hash(key) % LOCKS]:
            revision, body = self._bodies.get(key, ("", None))
            if body is None or revision != entry.revision:
                body = _body(entry.items, model, base)
                self._add(key, entry.revision, body)
        return body

    def _add(self, key: Key, revision: str, body: Body) -> None:
        with self._lock:
            self._remove(key)
            self._bodies[key] = (revision, body)
            self._size += len(body.plain)
            max_bodies, max_bytes = self._limits
            while len(self._bodies) > max_bodies or self._size > max_bytes:
                self._remove(next(iter(self._bodies)))

    def _remove(self, key: Key) -> None:
        _, removed = self._bodies.pop(key, ("", None))
        self._size -= len(removed.plain) if removed else 0


class BytesResponse(Response):
    """A response with a body, to whose headers nothing is added when it is sent."""

    def get_wsgi_headers(self, _environ: object) -> Headers:
        """Return the headers themselves; Werkzeug copies them one by one."""
        return self.headers


def whole_list(
    tenant_id: str, entry: CachedList[Any], model: type[ResponseModel], *, base: str = ""
) -> Response:
    """Return a tenant's whole list as JSON, from the body cache.

    Links of the sandbox start at `base`.
    """
    bodies: BodyCache = current_app.extensions["pbf_bodies"]
    body = bodies.get(tenant_id, entry, model, base)
    return with_age(body_response(body, JSON), entry)


def filtered_list(items: Iterable[Any], model: type[ResponseModel]) -> Response:
    """Return part of a list as JSON, built for this request alone."""
    return body_response(_body(items, model), JSON)


def json_response(content: ResponseModel) -> Response:
    """Return one object as JSON."""
    return jsonify(content.model_dump(mode="json"))


def detailed_connector(connector: Connector) -> ConnectorDetail:
    """Return a connector with its present health and actions."""
    return ConnectorDetail.of(connector, utc_now())


def with_age(response: Response, entry: CachedList[Any]) -> Response:
    """Add the Age header (RFC 9111) if the list could not be refreshed."""
    if entry.problem is not None:
        response.headers["Age"] = str(max(0, round(current_time() - entry.fetched_at)))
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
    return BytesResponse(content, 200, headers)


def _body(items: Iterable[Any], model: type[ResponseModel], base: str = "") -> Body:
    context = {"base": base}
    objects = (model.model_validate(item, context=context) for item in items)
    return Body(json.dumps([content.model_dump(mode="json") for content in objects]).encode())
