"""Streamlit's own page, with what lets it start sooner.

Below `/`, Streamlit 1.67's page first looks for its server under the page's own path, fails, and
waits before it looks at the root. And the scripts of what each of our pages draws are asked for
only when it is drawn, one after the other. So the page says where the server is, and has the
scripts fetched along with the others.
"""

import json
import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pbf.paths import lies_within
from pbf.server.compression import Body

# Where the scripts beside it are; Streamlit's own pages have one segment. With what it would first
# ask the server for, the page opens its socket at once.
SERVER = """<script>
      window.__streamlit = {{
        BACKEND_BASE_URL: new URL(".", location.href).href,
        HOST_CONFIG: {host},
      }}
    </script>"""
# What st.html and components are drawn by, without the digest in each file's name.
DRAWING = ("Html", "BidiComponent")
IMPORTED = re.compile(r"""(?:from|import)\s*[`"']\./([\w.-]+\.js)""")
KEPT = ("cache-control",)
STYLE = Path(__file__).parents[1] / "ui" / "assets" / "page.css"


@cache
def index_html() -> bytes:
    """Return Streamlit's page with what we add to its head."""
    from streamlit.config import get_option  # the routes alone do without Streamlit

    page = _static().joinpath("index.html").read_text(encoding="utf-8")
    host = {
        "allowedOrigins": list(get_option("client.allowedOrigins")),
        "useExternalAuthToken": False,
    }
    server = SERVER.format(host=json.dumps(host))
    links = [
        f'<link rel="modulepreload" crossorigin href="./static/js/{name}">'
        for name in _scripts_beside(page)
    ]
    head = "".join(f"  {one}\n  " for one in (server, *links))
    style = f"  <style>\n{STYLE.read_text(encoding='utf-8')}</style>\n  "
    page = page.replace("</head>", f"{head}</head>", 1)
    # After Streamlit's own styles, which come at the end of the head.
    return page.replace("</body>", f"{style}</body>", 1).encode()


def _scripts_beside(page: str) -> list[str]:
    """Return the scripts by which our pages are drawn, and those that these import.

    What Streamlit's page names, it fetches with all that it imports.
    """
    folder = _static().joinpath("static", "js")
    there = {each.name: each for each in folder.iterdir()}
    found = [name for name in there if name.partition(".")[0] in DRAWING and name.endswith(".js")]
    for name in found:
        imported = IMPORTED.findall(there[name].read_text(encoding="utf-8"))
        more = (one for one in dict.fromkeys(imported) if one in there and one not in page)
        found += [one for one in more if one not in found]
    return sorted(found)


def _static() -> Traversable:
    return files("streamlit").joinpath("static")


class ServeIndexHtml:
    """ASGI middleware: sends our version where the app answers with its own page."""

    def __init__(self, app: ASGIApp, *, mounted: tuple[str, ...] = ()) -> None:
        """Stand before `app`, and leave alone what lies under the `mounted` paths."""
        self._app = app
        self._mounted = mounted
        self._body: Body | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer, and send our page in place of its own."""
        asked = scope["type"] == "http" and scope["method"] == "GET"
        if not asked or lies_within(scope["path"], *self._mounted):
            await self._app(scope, receive, send)
            return
        replaced = False

        async def replace(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and _is_page(message):
                replaced = True
                await self._send(Headers(scope=scope), Headers(raw=message["headers"]), send)
            elif not replaced:
                await send(message)

        await self._app(scope, receive, replace)

    async def _send(self, asked: Headers, given: Headers, send: Send) -> None:
        self._body = self._body or Body(index_html())
        encoding, content = self._body.choose(asked.get("accept-encoding", ""))
        headers = MutableHeaders({name: given[name] for name in KEPT if name in given})
        headers["content-type"] = "text/html; charset=utf-8"
        headers["content-length"] = str(len(content))
        headers["vary"] = "Accept-Encoding"
        if encoding != "identity":
            headers["content-encoding"] = encoding
        await send({"type": "http.response.start", "status": 200, "headers": headers.raw})
        await send({"type": "http.response.body", "body": content})


def _is_page(start: Message) -> bool:
    kind = Headers(raw=start["headers"]).get("content-type", "")
    return start["status"] == 200 and kind.startswith("text/html")
