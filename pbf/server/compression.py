"""Responses that are compressed once and cached: JSON lists and Streamlit's own scripts."""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path

import brotli
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from pbf.paths import lies_within
from pbf.server.refusals import NOT_SERVED, send_refusal

STATIC = "/static"
SMALLEST = 1000
BROTLI_QUALITY = 5
GZIP_LEVEL = 6
CONTENT_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
CACHE_CONTROL = "public, immutable, max-age=31536000"
ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda plain: brotli.compress(plain, quality=BROTLI_QUALITY),
    "gzip": lambda plain: gzip.compress(plain, GZIP_LEVEL, mtime=0),
}


class Body:
    """One body in the encodings that browsers accept, with a strong ETag for each."""

    def __init__(self, plain: bytes) -> None:
        """Keep a body; each encoding is made when a client first accepts it."""
        self.plain = plain
        self.digest = hashlib.blake2b(plain, digest_size=12).hexdigest()
        self._encoded: dict[str, bytes] = {}

    def choose(self, accept_encoding: str) -> tuple[str, bytes]:
        """Return the best encoding that a client accepts ("identity" if none), and the bytes.

        A body that is too small to benefit stays uncompressed.
        """
        names = accepted(accept_encoding)
        if not names or len(self.plain) < SMALLEST:
            return "identity", self.plain
        name = names[0]
        if name not in self._encoded:
            self._encoded[name] = ENCODERS[name](self.plain)
        return name, self._encoded[name]

    def etag(self, encoding: str) -> str:
        """Return the ETag of one encoding."""
        return self.digest if encoding == "identity" else f"{self.digest}-{encoding}"


@lru_cache(maxsize=64)
def accepted(accept_encoding: str) -> tuple[str, ...]:
    """Return those of our encodings that a client accepts, the best first."""
    weights = parse_accept_header(accept_encoding, Accept)
    return tuple(name for name in ENCODERS if weights[name] > 0)


def asgi_response(body: Body, scope: Scope, media_type: str) -> Response:
    """Return a body in the best encoding that the client of an ASGI request accepts."""
    encoding, content = body.choose(Headers(scope=scope).get("accept-encoding", ""))
    response = Response(content, media_type=media_type, headers={"Vary": "Accept-Encoding"})
    if encoding != "identity":
        response.headers["Content-Encoding"] = encoding
    return response


class CompressStatic:
    """ASGI middleware: compresses Streamlit's scripts and styles at the first request.

    Their content never changes under their name. Streamlit leaves compression to a proxy, which
    most installations do not have. For a file that does not exist, it would look at the disk and
    send its page; here the answer is 404.
    """

    def __init__(self, app: ASGIApp, *, folder: Path | None = None) -> None:
        """Wrap `app`, which serves the files of a folder, by default Streamlit's."""
        self._app = app
        folder = folder or static_folder()
        paths = {
            f"{STATIC}/{file.relative_to(folder).as_posix()}": file
            for file in folder.rglob("*")
            if file.is_file()
        }
        self._existing = frozenset(paths)
        self._files = {path: file for path, file in paths.items() if file.suffix in CONTENT_TYPES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a file, or pass the request to the app."""
        is_http, path = scope["type"] == "http", scope.get("path", "")
        if is_http and lies_within(path, STATIC) and path not in self._existing:
            await send_refusal(scope, NOT_SERVED, send)
            return
        is_get = is_http and scope["method"] == "GET"
        file = self._files.get(path) if is_get else None
        if file is None or "range" in Headers(scope=scope):
            await self._app(scope, receive, send)
            return
        response = asgi_response(_body(file), scope, CONTENT_TYPES[file.suffix])
        response.headers["Cache-Control"] = CACHE_CONTROL
        await response(scope, receive, send)


def static_folder() -> Path:
    """Return the folder of Streamlit's scripts and styles."""
    return Path(str(files("streamlit"))) / "static" / "static"


@cache
def _body(file: Path) -> Body:
    return Body(file.read_bytes())
