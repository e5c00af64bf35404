"""WSGI middleware that logs every request to the sandbox and applies the injected faults.

Faults of the connection itself are left to the server that owns the socket (`server`). Under
another WSGI server, which cannot apply them, they answer 502 with a message.
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
from pbf.sandbox.control.fault_rules import CARD_KINDS, SOCKET_KINDS, FaultRule
from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.http import as_json
from pbf.sandbox.core.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONTROL = "/_control"
SOCKET_RULES = "pbf.sandbox.socket_rules"
"""Environ key: a server that can apply socket faults puts a list here and finds the rule in it."""
CARD = "pbf.sandbox.card"
ROUTE = "pbf.sandbox.route"
BEFORE_WORK = frozenset({"refuse", "drop"})
"""The faults that apply before any work is done."""
LONGEST_PATH = 200
STATIC = "connect_card.static"

CODES = {
    "429": ("TooManyRequests", "Too many requests (an injected fault)"),
    "500": ("InternalServerError", "An internal error occurred (an injected fault)"),
    "502": ("BadGateway", "Bad gateway (an injected fault)"),
    "504": ("GatewayTimeout", "Gateway timeout (an injected fault)"),
}
CODES["late_500"] = CODES["500"]
PAGE = """<!doctype html>
<html lang="en"><head><title>Service unavailable</title></head>
<body><h1>Service unavailable</h1><p>A fault injected in the sandbox: not JSON.</p></body></html>
"""


def install(app: Flask, world: World, control: Control) -> None:
    """Put the middleware in front of an app that calls `record_route` at each request."""
    app.wsgi_app = FaultInjection(app.wsgi_app, world, control, app.url_map)  # type: ignore[method-assign]  # as Flask advises


def record_route() -> None:
    """Record which route a request takes, and raise the card error that a rule asks for."""
    request.environ[ROUTE] = _kind(request.method, request.url_rule)
    card_fault = request.environ.get(CARD)
    if card_fault and request.blueprint == "connect_card" and request.endpoint != STATIC:
        raise links.CardExpired if card_fault == "card_expired" else links.CardUnknown


def _kind(method: str, rule: Rule | None) -> str:
    path = "other" if rule is None else rule.rule
    return f"{method} {path.replace('<path:', '{').replace('<', '{').replace('>', '}')}"


class FaultInjection:
    """Logs each request of an app and applies the fault rule that matches it."""

    def __init__(self, app: "WSGIApplication", world: World, control: Control, routes: Map) -> None:
        """Wrap an app that serves a world by these routes."""
        self._app = app
        self._world = world
        self._control = control
        self._routes = routes

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        self._control.play_due()
        path = environ.get("PATH_INFO", "")
        if path == CONTROL or path.startswith(f"{CONTROL}/"):
            return self._app(environ, start_response)
        began = perf_counter()
        rule = self._control.fault_for(environ["REQUEST_METHOD"], path)
        statuses: list[int] = []

        def record_status(status: str, *rest: Any) -> Callable[[bytes], object]:
            statuses[:] = [int(status[:3])]
            return start_response(status, *rest)

        try:
            return self._answer(rule, environ, record_status)
        finally:
            self._log(environ, path, statuses, perf_counter() - began, rule)

    def _answer(
        self, rule: FaultRule | None, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        if rule is None:
            return self._app(environ, start_response)
        if rule.kind in SOCKET_KINDS:
            return self._defer_to_server(rule, environ, start_response)
        if rule.kind == "delay":
            self._control.ended.wait(rule.seconds)
        if rule.kind in CARD_KINDS:
            environ[CARD] = rule.kind
        if rule.kind == "late_500":
            run_wsgi_app(self._app, environ, buffered=True)
        if rule.kind in CODES or rule.kind == "html":
            return _fault_response(rule)(environ, start_response)
        return self._app(environ, start_response)

    def _defer_to_server(
        self, rule: FaultRule, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        does_work = rule.kind not in BEFORE_WORK
        if SOCKET_RULES in environ:
            environ[SOCKET_RULES].append(rule)
            if does_work:
                return self._app(environ, start_response)
        elif does_work:
            run_wsgi_app(self._app, environ, buffered=True)
        message = f"The injected fault '{rule.kind}' needs the sandbox's own server"
        return as_json({"code": "BadGateway", "message": message}, 502)(environ, start_response)

    def _log(
        self,
        environ: "WSGIEnvironment",
        path: str,
        statuses: list[int],
        seconds: float,
        rule: FaultRule | None,
    ) -> None:
        method = environ["REQUEST_METHOD"]
        fault = rule.kind if rule else ""
        unanswered = not statuses or (fault in BEFORE_WORK and SOCKET_RULES in environ)
        self._control.log.add(
            time=stamp(self._world.clock()),
            method=method,
            path=path[:LONGEST_PATH],
            status=0 if unanswered else statuses[0],
            milliseconds=round(1000 * seconds, 1),
            kind=environ.get(ROUTE) or self._intended_kind(method, path),
            fault=fault,
        )

    def _intended_kind(self, method: str, path: str) -> str:
        """Return the kind of a request that a fault kept from its route."""
        try:
            rule, _ = self._routes.bind("").match(path, method, return_rule=True)
        except HTTPException:
            return _kind(method, None)
        return _kind(method, rule)


def _fault_response(rule: FaultRule) -> Response:
    if rule.kind == "html":
        return Response(PAGE, mimetype="text/html", headers=pages.BARE)
    code, message = CODES[rule.kind]
    response = as_json({"code": code, "message": message}, int(rule.kind.removeprefix("late_")))
    if rule.kind == "429":
        response.headers["Retry-After"] = str(rule.retry_after)
        response.headers["X-Rate-Limit-Remaining"] = "0"
    return response
