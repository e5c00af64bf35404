"""The door of the sandbox: every request is noted there, and the ordered faults strike there.

Faults of the connection itself are left to the server that holds the socket (`server`); where
there is none, under somebody else's WSGI server, they answer 502 with a note.
"""

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.test import run_wsgi_app

from pbf.sandbox.connect_card import links, pages
from pbf.sandbox.control.control import Control
from pbf.sandbox.control.faults import CARD_KINDS, WIRE_KINDS, Order
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.http import as_json
from pbf.sandbox.core.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTROL = "/_control"
WIRE = "pbf.sandbox.wire"
"""Where a server that can spoil its own answers puts a list, to find the order in it."""
CARD = "pbf.sandbox.card"
ROUTE = "pbf.sandbox.route"
UNSEEN = frozenset({"refuse", "drop"})
"""The faults that strike before any work is done."""
LONGEST_PATH = 200
STATIC = "connect_card.static"

CODES = {
    "429": ("TooManyRequests", "Too many requests (an ordered fault)"),
    "500": ("InternalServerError", "An internal error occurred (an ordered fault)"),
    "502": ("BadGateway", "Bad gateway (an ordered fault)"),
    "504": ("GatewayTimeout", "Gateway timeout (an ordered fault)"),
}
CODES["late_500"] = CODES["500"]
PAGE = """<!doctype html>
<html lang="en"><head><title>Service unavailable</title></head>
<body><h1>Service unavailable</h1><p>An ordered fault of the sandbox: not JSON.</p></body></html>
"""


def install(app: Flask, world: World, control: Control) -> None:
    """Put the door before an app that calls `note_route` at each request."""
    app.wsgi_app = Door(app.wsgi_app, world, control, app.url_map)  # type: ignore[method-assign]  # as Flask advises


def note_route() -> None:
    """Note which route a request takes, and turn a card away if that was ordered."""
    request.environ[ROUTE] = _kind(request.method, request.url_rule)
    ordered = request.environ.get(CARD)
    if ordered and request.blueprint == "connect_card" and request.endpoint != STATIC:
        raise links.CardExpired if ordered == "card_expired" else links.CardUnknown


def _kind(method: str, rule: Rule | None) -> str:
    path = "other" if rule is None else rule.rule
    return f"{method} {path.replace('<path:', '{').replace('<', '{').replace('>', '}')}"


class Door:
    """Notes each request of an app in the world's log and lets the ordered faults strike."""

    def __init__(self, app: "WSGIApplication", world: World, control: Control, routes: Map) -> None:
        """Stand before an app that shows a world by these routes."""
        self._app = app
        self._world = world
        self._control = control
        self._routes = routes

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        path = environ.get("PATH_INFO", "")
        if path == CONTROL or path.startswith(f"{CONTROL}/"):
            return self._app(environ, start_response)
        began = perf_counter()
        order = self._control.struck(environ["REQUEST_METHOD"], path)
        seen: list[int] = []

        def note_status(status: str, *rest: Any) -> Callable[[bytes], object]:
            seen[:] = [int(status[:3])]
            return start_response(status, *rest)

        try:
            return self._answer(order, environ, note_status)
        finally:
            self._note(environ, path, seen, perf_counter() - began, order)

    def _answer(
        self, order: Order | None, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if order is None:
            return self._app(environ, start_response)
        if order.kind in WIRE_KINDS:
            return self._spoil(order, environ, start_response)
        if order.kind == "delay":
            self._control.ended.wait(order.seconds)
        if order.kind in CARD_KINDS:
            environ[CARD] = order.kind
        if order.kind == "late_500":
            run_wsgi_app(self._app, environ, buffered=True)
        if order.kind in CODES or order.kind == "html":
            return _instead(order)(environ, start_response)
        return self._app(environ, start_response)

    def _spoil(
        self, order: Order, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        works = order.kind not in UNSEEN
        if WIRE in environ:
            environ[WIRE].append(order)
            if works:
                return self._app(environ, start_response)
        elif works:
            run_wsgi_app(self._app, environ, buffered=True)
        note = f"The ordered fault '{order.kind}' needs the sandbox's own server"
        return as_json({"code": "BadGateway", "message": note}, 502)(environ, start_response)

    def _note(
        self,
        environ: "WSGIEnvironment",
        path: str,
        seen: list[int],
        seconds: float,
        order: Order | None,
    ) -> None:
        method = environ["REQUEST_METHOD"]
        kind = order.kind if order else ""
        silent = not seen or (kind in UNSEEN and WIRE in environ)
        self._control.log.add(
            time=stamp(self._world.clock()),
            method=method,
            path=path[:LONGEST_PATH],
            status=0 if silent else seen[0],
            milliseconds=round(1000 * seconds, 1),
            kind=environ.get(ROUTE) or self._missed(method, path),
            fault=kind,
        )

    def _missed(self, method: str, path: str) -> str:
        """Return the kind of a request that a fault kept from its route."""
        try:
            rule, _ = self._routes.bind("").match(path, method, return_rule=True)
        except HTTPException:
            return _kind(method, None)
        return _kind(method, rule)


def _instead(order: Order) -> Response:
    if order.kind == "html":
        return Response(PAGE, mimetype="text/html", headers=pages.BARE)
    code, message = CODES[order.kind]
    response = as_json({"code": code, "message": message}, int(order.kind.removeprefix("late_")))
    if order.kind == "429":
        response.headers["Retry-After"] = str(order.retry_after)
        response.headers["X-Rate-Limit-Remaining"] = "0"
    return response
