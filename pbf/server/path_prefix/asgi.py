"""The prefix for Streamlit and everything mounted beside it."""

from collections.abc import Callable
from functools import cache
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pbf.config import Settings, load_addresses
from pbf.paths import path_of, with_prefix, without_prefix


class RemovePrefix:
    """ASGI middleware: the app sees its own paths, as if it were at the root of a host.

    Streamlit's page finds its scripts and its server relative to its own address, so that
    Streamlit itself needs no `server.baseUrlPath`.
    """

    def __init__(self, app: ASGIApp, *, read: Callable[[], Settings] = load_addresses) -> None:
        """Wrap `app`; `read` returns the settings with our address."""
        self._app = app
        self._prefix = cache(lambda: path_of(read().public_url))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the app, and add the prefix where it redirects to."""
        prefix = self._prefix() if scope["type"] in ("http", "websocket") else ""
        if not prefix:
            await self._app(scope, receive, send)
            return
        if scope["path"] == prefix and scope["type"] == "http":
            await _to_folder(prefix, scope)(scope, receive, send)
            return

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                if location := headers.get("location"):
                    headers["location"] = with_prefix(location, prefix)
            await send(message)

        await self._app(_without(prefix, scope), receive, add)


def _to_folder(prefix: str, scope: Scope) -> RedirectResponse:
    """Return a redirect to the address with a slash, below which the page finds its scripts."""
    query = scope["query_string"].decode("latin-1")
    return RedirectResponse(f"{prefix}/?{query}" if query else f"{prefix}/", status_code=308)


def _without(prefix: str, scope: Scope) -> Scope:
    path = without_prefix(scope["path"], prefix)
    if path == scope["path"]:
        return scope
    return {**scope, "path": path, "raw_path": quote(path).encode()}
