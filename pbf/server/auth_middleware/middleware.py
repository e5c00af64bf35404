"""The ASGI middleware that gives Streamlit the identity of a request, or asks people to sign in."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import nullcontext
from functools import cache

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pbf.config import Settings, load_settings
from pbf.errors import ConfigurationError, PbfError, ProviderUnavailable, SignInFailed
from pbf.metrics.instruments import SOCKETS
from pbf.metrics.outages import log_level
from pbf.paths import PREFIX, SANDBOX_PATH, lies_within
from pbf.server.auth_middleware.authenticator import Authenticator, NoSignIn
from pbf.server.auth_middleware.cookies import session_cookies
from pbf.server.auth_middleware.open_sockets import POLL_SECONDS, OpenSockets
from pbf.server.auth_middleware.pages import session_ended_page, sign_in_redirect
from pbf.server.auth_middleware.watched_messages import WatchedMessages, without_identity
from pbf.server.refusals import Refusal, send_refusal

# `.streamlit/config.toml` maps this header to `st.user["session"]`.
IDENTITY_HEADER = b"x-pbf-session"
# The routes authenticate their callers themselves, and the sandbox stands for Fivetran.
PUBLIC = (PREFIX, SANDBOX_PATH, "/static", "/favicon.png", "/favicon.ico")
# A page below the root also looks for these below its own path.
PUBLIC_ENDINGS = ("/_stcore/health", "/_stcore/host-config")
FRAMES = ("iframe", "frame", "embed", "object")
# A header line of more than 8,192 bytes makes the WebSocket handshake hang, and the page stay
# blank; plain HTTP allows longer ones.
LARGEST_COOKIES = 8000

NOT_SIGNED_IN = Refusal(401, "not_signed_in", "You are not signed in. Sign in and try again.")
NO_ORIGIN = Refusal(403, "foreign_origin", "Only pages of this dashboard may connect here.")
TOO_MANY_COOKIES = Refusal(
    431,
    "cookies_too_large",
    "Your browser sends more cookies than this page can read. Delete the cookies of this site, and "
    "those of the domain it belongs to, then reload the page.",
)

NOT_CHECKED = Refusal(
    503,
    "store_unavailable",
    "Your session cannot be checked right now. Nothing is lost. Reload this page in a few minutes.",
)

log = logging.getLogger(__name__)


class Authenticate:
    """ASGI middleware: only people who are signed in reach Streamlit.

    It removes the identity header from every request, so that nobody can forge one, and headers
    with underscores. With sign-in off it does nothing else.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        load: Callable[[], Authenticator],
        read: Callable[[], Settings] = load_settings,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        """Wrap `app`; `read` returns the settings.

        `load` is called at the first request, and again as long as it raises ConfigurationError.
        """
        self._app = app
        self._load = cache(load)
        self._read = cache(read)
        self._poll_seconds = poll_seconds
        self._sockets: OpenSockets | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the app, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        with SOCKETS.track_inprogress() if scope["type"] == "websocket" else nullcontext():
            await self._admit(_without_identity(scope), receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._authenticator().enabled or _is_public(scope):
            await self._app(scope, receive, send)
        elif self._authenticator().is_required and (refusal := _refusal(scope)):
            await send_refusal(scope, refusal, send)
        else:
            await self._check(scope, receive, send)

    async def _check(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            session_id = await self._session_of(scope)
            sockets = await self._open_sockets() if session_id else None
        except PbfError as error:
            log.log(log_level(error), "a session cannot be checked: %s", error)
            await send_refusal(scope, _not_checked(error), send)
            return
        if scope["type"] == "websocket" and session_id and sockets:
            await self._watch(session_id, sockets, scope, receive, send)
        elif session_id or not self._authenticator().is_required:
            await self._app(_with_identity(scope, session_id), receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, without_identity(receive), send)
        elif _is_page(scope):
            await self._unknown(scope)(scope, receive, send)
        else:
            await send_refusal(scope, NOT_SIGNED_IN, send)

    def _unknown(self, scope: Scope) -> Response:
        if Headers(scope=scope).get("sec-fetch-dest") in FRAMES:
            return session_ended_page(self._settings().frame_ancestors)
        return sign_in_redirect(scope)

    async def _watch(
        self, session_id: str, sockets: OpenSockets, scope: Scope, receive: Receive, send: Send
    ) -> None:
        ended = sockets.add(session_id)
        messages = WatchedMessages(receive, ended, lambda: self._touch(session_id))
        try:
            await self._app(_with_identity(scope, session_id), messages.receive, send)
        finally:
            messages.close()
            sockets.remove(session_id, ended)

    async def _session_of(self, scope: Scope) -> str | None:
        cookies = session_cookies(scope, self._settings().public_url)
        if not cookies:
            return None
        headers = Headers(scope=scope)
        return await asyncio.to_thread(self._authenticator().session_of, cookies, headers)

    async def _open_sockets(self) -> OpenSockets:
        if self._sockets is None:
            authenticator = self._authenticator()
            sockets = OpenSockets(authenticator, poll_seconds=self._poll_seconds)
            await asyncio.to_thread(authenticator.on_ended, sockets.end_from_thread)
            self._sockets = self._sockets or sockets
        return self._sockets

    def _authenticator(self) -> Authenticator:
        try:
            return self._load()
        except ConfigurationError:
            return NoSignIn()  # every page shows the error

    def _settings(self) -> Settings:
        try:
            return self._read()
        except ConfigurationError:
            return Settings()  # every page shows the error

    def _touch(self, session_id: str) -> None:
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, self._touch_and_log, session_id)

    def _touch_and_log(self, session_id: str) -> None:
        try:
            self._authenticator().touch(session_id)
        except Exception:
            log.exception("activity could not be recorded; the session may end too early")


def _is_forged(name: bytes) -> bool:
    # WSGI turns dashes into underscores, so that a visitor could add to a proxy's headers.
    return b"_" in name or name.lower() == IDENTITY_HEADER


def _without_identity(scope: Scope) -> Scope:
    if not any(_is_forged(name) for name, _ in scope["headers"]):
        return scope
    headers = [(name, value) for name, value in scope["headers"] if not _is_forged(name)]
    return {**scope, "headers": headers}


def _with_identity(scope: Scope, session_id: str | None) -> Scope:
    if not session_id:
        return scope
    identity = (IDENTITY_HEADER, session_id.encode("latin-1"))
    return {**scope, "headers": [*scope["headers"], identity]}


def _is_public(scope: Scope) -> bool:
    path = scope["path"]
    is_listed = lies_within(path, *PUBLIC) or path.endswith(PUBLIC_ENDINGS)
    return scope["type"] == "http" and is_listed


def _is_page(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    is_navigation = headers.get("sec-fetch-mode") == "navigate"
    is_read = scope["method"] in ("GET", "HEAD")
    return is_read and (is_navigation or "text/html" in headers.get("accept", ""))


def _not_checked(error: PbfError) -> Refusal:
    """Return what to answer while nobody can tell whose session it is."""
    if isinstance(error, ProviderUnavailable):
        return Refusal(503, "sign_in_unavailable", str(error))
    if isinstance(error, SignInFailed):
        return Refusal(401, "sign_in_failed", str(error))
    return NOT_CHECKED


def _refusal(scope: Scope) -> Refusal | None:
    """Return why a request is refused, with or without a session."""
    headers = Headers(scope=scope)
    if scope["type"] == "websocket":
        return None if "origin" in headers else NO_ORIGIN
    is_too_long = any(len(line) > LARGEST_COOKIES for line in headers.getlist("cookie"))
    return TOO_MANY_COOKIES if is_too_long and _is_page(scope) else None
