"""Streamlit's index.html with additions that make it start sooner.

Below `/`, the page of Streamlit 1.67 first looks for its server under the page's own path, fails,
and waits before it tries the root. It also loads the scripts of the elements on our pages only when
it draws them, one after the other. So we add the server's address, and preload those scripts.
"""

import asyncio
import json
import logging
import re
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from starlette.datastructures import URL, Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pbf.paths import lies_within
from pbf.server.compression import Body, asgi_response

# The server is where the page's scripts are. With the host configuration in the page, it opens its
# WebSocket without asking the server first.
SERVER = """<script>
      window.__streamlit = {{
        BACKEND_BASE_URL: new URL(".", location.href).href,
        HOST_CONFIG: {host},
      }}
    </script>"""
# The scripts of the elements on most pages, and on those of one service and of one connector, which
# visitors also open first; without the digest in their file names.
ELEMENTS = ("Html", "BidiComponent")
ELEMENTS_OF = {
    "/connect": ("Html", "PageLink", "TextInput", "Button"),
    "/connector": ("Html", "PageLink", "Button", "ButtonGroup", "BidiComponent"),
}
IMPORTED = re.compile(r"""(?:from|import)\s*[`"']\./([\w.-]+\.js)""")
# Streamlit's scripts and the links to them, and the link to its style sheet.
SCRIPTS = re.compile(rb"""<script type="module"[^>]*></script>|<link rel="modulepreload"[^>]*>""")
STYLES = re.compile(rb"""<link rel="stylesheet"[^>]* href="\./static/css/([\w.-]+)">""")
ASSETS = Path(__file__).parents[1] / "ui" / "assets"
# Seconds to wait for a first screen, which is made of what is in memory.
PATIENCE = 0.25
# Pages with a first screen that are kept, as they are and compressed: 250 kB each.
MOST_PAGES = 64

# Returns the first screen of a page as HTML, or None: for its path, the session's id and its URL.
FirstScreen = Callable[[str, str | None, str], bytes | None]

log = logging.getLogger(__name__)


@cache
def index_html(elements: tuple[str, ...] = ELEMENTS) -> bytes:
    """Return Streamlit's page with our additions; it preloads the scripts of the elements."""
    from streamlit.config import get_option  # the API alone does not load Streamlit

    page = _static().joinpath("index.html").read_text(encoding="utf-8")
    host = {
        "allowedOrigins": list(get_option("client.allowedOrigins")),
        "useExternalAuthToken": False,
    }
    server = SERVER.format(host=json.dumps(host))
    links = [
        f'<link rel="modulepreload" crossorigin href="./static/js/{name}">'
        for name in _element_scripts(page, elements)
    ]
    head = "".join(f"  {tag}\n  " for tag in (server, *links))
    style = f"  <style>\n{asset('page.css')}</style>\n  "
    page = page.replace("</head>", f"{head}</head>", 1)
    # At the end, so that it overrides Streamlit's own styles in the head.
    return page.replace("</body>", f"{style}</body>", 1).encode()


@cache
def asset(name: str) -> str:
    """Return the text of one of the files that are put into the page."""
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def first_screen_script() -> bytes:
    """Return the inline script of pages with a first screen."""
    return asset("first_screen.js").encode()


@lru_cache(MOST_PAGES)
def with_first_screen(first: bytes, elements: tuple[str, ...]) -> Body:
    """Return the page with a first screen, which is shown once the page and its font are read.

    Streamlit's scripts would delay it: they are in a template, which the inline script adds to the
    page. Its style sheet is in the page: whenever a sheet with fonts arrives, the browser lays out
    all text once more. Scripts that need the sheet look for its link, which loads nothing.
    """
    before, after = _around_first_screen(elements)
    return Body(before + first + after)


@cache
def _around_first_screen(elements: tuple[str, ...]) -> tuple[bytes, bytes]:
    """Return what comes before a first screen in the page, and what comes after it."""
    page = STYLES.sub(_with_styles, index_html(elements))
    later = b"".join(SCRIPTS.findall(page))
    before, _, rest = SCRIPTS.sub(b"", page).partition(b"</body>")
    style, script = asset("first_screen.css").encode(), first_screen_script()
    after = b'<template id="pbf-later">%b</template><script>%b</script>\n  </body>%b'
    return b"%b<style>%b</style>" % (before, style), after % (later, script, rest)


def _with_styles(link: re.Match[bytes]) -> bytes:
    """Return a style sheet of Streamlit, with addresses as seen from the page, and its link."""
    sheet = _static().joinpath("static", "css", link[1].decode()).read_bytes()
    disabled = link[0].replace(b"<link ", b"<link disabled ", 1)
    return b"<style>%b</style>%b" % (sheet.replace(b"url(../", b"url(./static/"), disabled)


def _element_scripts(page: str, elements: tuple[str, ...]) -> list[str]:
    """Return the scripts of elements, and the scripts that these import.

    Scripts that Streamlit's page names are left out: the browser loads them anyway.
    """
    folder = _static().joinpath("static", "js")
    paths = {path.name: path for path in folder.iterdir() if path.name.endswith(".js")}
    scripts = [name for name in paths if name.partition(".")[0] in elements]
    for script in scripts:
        imported = IMPORTED.findall(paths[script].read_text(encoding="utf-8"))
        new = (name for name in dict.fromkeys(imported) if name in paths and name not in page)
        scripts += [name for name in new if name not in scripts]
    return sorted(scripts)


def _static() -> Traversable:
    return files("streamlit").joinpath("static")


class ServeIndexHtml:
    """ASGI middleware: replaces Streamlit's index.html by ours."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        mounted: tuple[str, ...] = (),
        first_screen: FirstScreen = lambda _path, _session_id, _url: None,
        patience: float = PATIENCE,
    ) -> None:
        """Wrap `app`; requests below the `mounted` paths are passed on unchanged.

        A `first_screen` that takes longer than `patience` seconds is left out.
        """
        self._app = app
        self._mounted = mounted
        self._first_screen = first_screen
        self._patience = patience
        self._bodies: dict[tuple[str, ...], Body] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request to the app, and send our page instead of its own."""
        is_get = scope["type"] == "http" and scope["method"] == "GET"
        if not is_get or lies_within(scope["path"], *self._mounted):
            await self._app(scope, receive, send)
            return
        replaced = False

        async def replace(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and _is_page(message):
                replaced = True
                # Streamlit's own headers decide how long the page may be cached.
                usual = Headers(raw=message["headers"]).get("cache-control", "no-cache")
                response = await self._page(scope, usual)
                await response(scope, receive, send)
            elif not replaced:
                await send(message)

        await self._app(scope, receive, replace)

    async def _page(self, scope: Scope, cache_control: str) -> Response:
        elements = ELEMENTS_OF.get(scope["path"], ELEMENTS)
        if first := await self._first(scope):
            body = with_first_screen(first, elements)
            cache_control = "private, no-store"
        else:
            if elements not in self._bodies:
                self._bodies[elements] = Body(index_html(elements))
            body = self._bodies[elements]
        response = asgi_response(body, scope, "text/html")
        response.headers["Cache-Control"] = cache_control
        return response

    async def _first(self, scope: Scope) -> bytes | None:
        """Return the first screen; None if the page has none, or parameters that change it."""
        if scope["query_string"]:
            return None
        # Set by the authentication middleware alone.
        session_id = Headers(scope=scope).get("x-pbf-session")
        url = str(URL(scope=scope))
        drawn = asyncio.to_thread(self._first_screen, scope["path"], session_id, url)
        try:
            return await asyncio.wait_for(drawn, self._patience)
        except TimeoutError:
            return None
        except Exception:
            log.exception("the first screen of %s could not be drawn", scope["path"])
            return None


def _is_page(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] == 200 and kind.startswith("text/html")
