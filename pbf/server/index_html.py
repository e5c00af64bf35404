"""Streamlit's index.html with additions that make it start sooner.

Below `/`, the page of Streamlit 1.67 first looks for its server under the page's own path, fails,
and waits before it tries the root. It also loads the scripts of the elements on our pages only when
it draws them, one after the other. So we add the server's address, and preload those scripts.
"""

import json
import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from starlette.datastructures import Headers
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
STYLE = Path(__file__).parents[1] / "ui" / "assets" / "page.css"


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
    style = f"  <style>\n{STYLE.read_text(encoding='utf-8')}</style>\n  "
    page = page.replace("</head>", f"{head}</head>", 1)
    # At the end, so that it overrides Streamlit's own styles in the head.
    return page.replace("</body>", f"{style}</body>", 1).encode()


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

    def __init__(self, app: ASGIApp, *, mounted: tuple[str, ...] = ()) -> None:
        """Wrap `app`; requests below the `mounted` paths are passed on unchanged."""
        self._app = app
        self._mounted = mounted
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
                elements = ELEMENTS_OF.get(scope["path"], ELEMENTS)
                if elements not in self._bodies:
                    self._bodies[elements] = Body(index_html(elements))
                response = asgi_response(self._bodies[elements], scope, "text/html")
                # Streamlit's own headers decide how long the page may be cached.
                headers = Headers(raw=message["headers"])
                response.headers["Cache-Control"] = headers.get("cache-control", "no-cache")
                await response(scope, receive, send)
            elif not replaced:
                await send(message)

        await self._app(scope, receive, replace)


def _is_page(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] == 200 and kind.startswith("text/html")
