"""What is refused before Streamlit sees it: foreign hosts and origins, and what we do not use."""

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pbf.config import Settings, load_addresses, origin
from pbf.server.hosts import Refusal, refusal_of, refused

# Of Streamlit 1.67's own endpoints, those that a browser needs to show our pages. The others take
# uploads, tell figures about the process, or drive the app.
INTERNAL = "/_stcore/"
USED = ("health", "host-config", "bidi-components")
STREAM = "stream"
NOT_SERVED = Refusal(404, "not_found", "There is nothing here.")
FOREIGN_ORIGIN = Refusal(
    403,
    "foreign_origin",
    "Pages of other origins may not connect here. Set PBF_PUBLIC_URL if this is the dashboard's "
    "own address.",
)
# In bytes; what a browser sends is clicks, and what was typed or chosen.
LARGEST_MESSAGE = 2_000_000
TOO_BIG = 1009


class CheckRequests:
    """ASGI middleware: lets through what a browser that shows our pages asks for, and no more."""

    def __init__(self, app: ASGIApp, *, read: Callable[[], Settings] = load_addresses) -> None:
        """Stand before `app`; the settings that `read` returns name our addresses."""
        self._app = app
        self._read = read
        self._known: Settings | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or let the app answer."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
        elif refusal := self._refusal(scope):
            await _refuse(scope, refusal, send)
        elif scope["type"] == "websocket":
            await self._app(_same_origin(scope), _limited(receive, send), send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        headers = Headers(scope=scope)
        named = headers.getlist("host")
        refusal = refusal_of(named[0] if len(named) == 1 else None, self._addresses().hosts)
        if refusal:
            return refusal
        if scope["type"] == "websocket" and not self._is_ours(headers):
            return FOREIGN_ORIGIN
        return None if _is_served(scope) else NOT_SERVED

    def _addresses(self) -> Settings:
        if self._known is None:
            self._known = self._read()
        return self._known

    def _is_ours(self, headers: Headers) -> bool:
        """Return whether a socket is opened by one of our pages, or by a program."""
        sender = headers.get("origin")
        if sender is None:
            return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        try:
            # Where a proxy ends TLS, the scheme that we see is not the browser's.
            scheme, known = urlsplit(sender).scheme, self._addresses().public_url
            ours = {f"{scheme}://{headers['host']}", *([known] if known else [])}
            return origin(sender) in {origin(one) for one in ours}
        except ValueError:
            return False


def _is_served(scope: Scope) -> bool:
    _, internal, rest = scope["path"].rpartition(INTERNAL)
    if scope["type"] == "websocket":
        return bool(internal) and rest == STREAM
    return not internal or rest.partition("/")[0] in USED


def _same_origin(scope: Scope) -> Scope:
    """Return the scope with the Host that the Origin names.

    Streamlit 1.67 compares the two. Where they differ, it asks an outside service for the address
    of this machine, and keeps everybody waiting meanwhile.
    """
    sender = Headers(scope=scope).get("origin")
    if sender is None:
        return scope
    headers = MutableHeaders(raw=list(scope["headers"]))
    headers["host"] = urlsplit(sender).netloc
    return {**scope, "headers": headers.raw}


def _limited(receive: Receive, send: Send) -> Receive:
    """Return a `receive` that ends the connection at a message that is too large."""

    async def receive_limited() -> Message:
        message = await receive()
        size = len(message.get("bytes") or message.get("text") or b"")
        if message["type"] != "websocket.receive" or size <= LARGEST_MESSAGE:
            return message
        await send({"type": "websocket.close", "code": TOO_BIG})
        return {"type": "websocket.disconnect", "code": TOO_BIG}

    return receive_limited


async def _refuse(scope: Scope, refusal: Refusal, send: Send) -> None:
    pairs, body = refused(scope["path"], refusal)
    headers = [(name.lower().encode(), value.encode()) for name, value in pairs]
    kind = "http.response"
    if scope["type"] == "websocket":
        kind = "websocket.http.response"
        if kind not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
            return
    else:
        # What may come of a body would be taken for the next request.
        headers.append((b"connection", b"close"))
    await send({"type": f"{kind}.start", "status": refusal.status, "headers": headers})
    body = b"" if scope.get("method") == "HEAD" else body
    await send({"type": f"{kind}.body", "body": body})
