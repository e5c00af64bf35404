"""Checks before Streamlit: foreign hosts, foreign origins and unused endpoints are refused."""

from collections.abc import Callable
from functools import cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pbf.config import Settings, load_addresses
from pbf.paths import origin
from pbf.server.host_header import check_host
from pbf.server.refusals import NOT_SERVED, Refusal, send_refusal

# The endpoints of Streamlit 1.67 that a browser needs to show our pages. The others accept uploads,
# report metrics of the process, or control the app.
INTERNAL = "/_stcore/"
SERVED = ("health", "host-config", "bidi-components")
STREAM = "stream"
FOREIGN_ORIGIN = Refusal(
    403,
    "foreign_origin",
    "Pages of other origins may not connect here. Set PBF_PUBLIC_URL if this is the dashboard's "
    "own address.",
)
# In bytes; a browser sends only clicks, typed text and selections.
LARGEST_MESSAGE = 2_000_000
# WebSocket close codes (RFC 6455). Streamlit reads bytes, and fails at text.
UNSUPPORTED_DATA = 1003
MESSAGE_TOO_BIG = 1009


class CheckRequests:
    """ASGI middleware: accepts only the requests that a browser needs to show our pages."""

    def __init__(self, app: ASGIApp, *, read: Callable[[], Settings] = load_addresses) -> None:
        """Wrap `app`; `read` returns the settings with our addresses."""
        self._app = app
        self._read = cache(read)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it to the app."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif refusal := self._refusal(scope):
            await send_refusal(scope, refusal, send)
        elif scope["type"] == "websocket":
            await self._app(_same_origin(scope), _limited(receive, send), send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        refusal = check_host(hosts[0] if len(hosts) == 1 else None, self._read().hosts)
        if refusal:
            return refusal
        if scope["type"] == "websocket" and not self._is_ours(headers):
            return FOREIGN_ORIGIN
        return None if _is_served(scope) else NOT_SERVED

    def _is_ours(self, headers: Headers) -> bool:
        """Return whether one of our pages or a program opens the socket."""
        sender = headers.get("origin")
        if sender is None:
            return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        try:
            # Behind a proxy that ends TLS, the scheme we see differs from the browser's.
            scheme, public_url = urlsplit(sender).scheme, self._read().public_url
            ours = {f"{scheme}://{headers['host']}", *([public_url] if public_url else [])}
            return origin(sender) in {origin(url) for url in ours}
        except ValueError:
            return False


def _is_served(scope: Scope) -> bool:
    _, internal, rest = scope["path"].rpartition(INTERNAL)
    if scope["type"] == "websocket":
        return bool(internal) and rest == STREAM
    return not internal or rest.partition("/")[0] in SERVED


def _same_origin(scope: Scope) -> Scope:
    """Return the scope with the host of its Origin as Host.

    Streamlit 1.67 compares the two. If they differ, it asks an external service for the address of
    this machine, and blocks all visitors until it answers.
    """
    sender = Headers(scope=scope).get("origin")
    if sender is None:
        return scope
    headers = MutableHeaders(raw=list(scope["headers"]))
    headers["host"] = urlsplit(sender).netloc
    return {**scope, "headers": headers.raw}


def _limited(receive: Receive, send: Send) -> Receive:
    """Return a `receive` that closes the connection at a message that is text or too large."""

    async def receive_limited() -> Message:
        message = await receive()
        code = _close_code(message)
        if code is None:
            return message
        await send({"type": "websocket.close", "code": code})
        return {"type": "websocket.disconnect", "code": code}

    return receive_limited


def _close_code(message: Message) -> int | None:
    """Return with which code a message ends its connection; None if it may be passed on."""
    if message["type"] != "websocket.receive":
        return None
    content = message.get("bytes")
    if content is None:
        return UNSUPPORTED_DATA
    return MESSAGE_TOO_BIG if len(content) > LARGEST_MESSAGE else None
