"""Security headers: Content-Security-Policy, framing, referrer, permissions."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cache

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pbf.config import Settings, load_settings
from pbf.config.credentials import FIVETRAN_API_URL
from pbf.errors import ConfigurationError
from pbf.paths import origin
from pbf.server.index_html import first_screen_script, index_html

INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)
# The hosts of the services' icons.
ICON_HOSTS = ("https://fivetran.com", "https://*.fivetran.com")


def policy(**directives: str) -> str:
    """Return a Content-Security-Policy that allows only what the directives name."""
    named = {name.replace("_", "-"): sources for name, sources in directives.items()}
    closed = ("default-src", "base-uri", "form-action", "frame-ancestors")
    all_directives = {**dict.fromkeys(closed, "'none'"), **named}
    return "; ".join(f"{name} {sources}" for name, sources in all_directives.items())


def digest_source(content: bytes) -> str:
    """Return the source of a policy that allows an inline script or style by its digest."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}'"


# The routes return data, which a browser must not run or show as a page.
ROUTES: Mapping[str, str] = {
    "Content-Security-Policy": policy(),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# Swagger UI needs its own files and embedded images.
DOCS_POLICY = policy(
    script_src="'self'", style_src="'self'", img_src="'self' data:", connect_src="'self'"
)
# The content types that browsers show as a page, which can be framed.
PAGES = ("text/html", "application/xhtml+xml")
EVERYWHERE: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}


def screens(settings: Settings) -> dict[str, str]:
    """Return the headers of the screens."""
    ancestors = " ".join(settings.frame_ancestors) or "'none'"
    headers = {
        "Content-Security-Policy": screen_policy(settings, ancestors),
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    if not settings.frame_ancestors:
        headers["X-Frame-Options"] = "DENY"
    return headers


def screen_policy(settings: Settings, ancestors: str) -> str:
    """Return the policy of the screens, as strict as Streamlit allows."""
    own_icons = () if settings.api_url == FIVETRAN_API_URL else (origin(settings.api_url),)
    return policy(
        # Components are imported from a blob, and 64-bit integers need WebAssembly. Charts are
        # interpreted, so 'unsafe-eval' is not needed.
        script_src=" ".join(("'self'", "blob:", "'wasm-unsafe-eval'", *inline_scripts())),
        # Streamlit creates its style sheets while it renders.
        style_src="'self' 'unsafe-inline'",
        img_src=" ".join(("'self'", "data:", "blob:", *ICON_HOSTS, *own_icons)),
        font_src="'self' data:",
        media_src="'self' blob:",
        connect_src="'self'",
        worker_src="'self' blob:",
        base_uri="'self'",
        form_action="'self'",
        frame_ancestors=ancestors,
    )


@cache
def inline_scripts() -> tuple[str, ...]:
    """Return the digests of the inline scripts of index.html, also with a first screen."""
    scripts = (*INLINE_SCRIPT.findall(index_html()), first_screen_script())
    return tuple(map(digest_source, scripts))


class ProtectScreens:
    """ASGI middleware: adds the security headers to responses that lack them."""

    def __init__(self, app: ASGIApp, *, read: Callable[[], Settings] = load_settings) -> None:
        """Wrap `app`; `read` returns the settings."""
        self._app = app
        self._of_screens = cache(lambda: screens(read()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the app, and add the headers to its response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in self._missing(headers).items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, add)

    def _missing(self, headers: MutableHeaders) -> Mapping[str, str]:
        # Scripts and images need no policy, only their declared content type.
        kind = headers.get("content-type", "")
        if not kind.strip().lower().startswith(PAGES):
            return EVERYWHERE
        if own_policy := headers.get("content-security-policy"):
            # A page with a policy of its own, such as an invitation's.
            if re.search("frame-ancestors (?!'none')", own_policy):
                return EVERYWHERE
            return {**EVERYWHERE, "X-Frame-Options": "DENY"}
        try:
            return {**EVERYWHERE, **self._of_screens()}
        except ConfigurationError:
            return {**EVERYWHERE, **screens(Settings())}  # every page shows the error
