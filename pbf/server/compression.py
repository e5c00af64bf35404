"""Responses that are compressed once and cached: JSON lists and Streamlit's own scripts.

Streamlit sends its 2.7 MB of scripts uncompressed and leaves compression to a proxy, which most
installations do not have.
"""

import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import lru_cache
from posixpath import normpath

import brotli
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

SMALLEST = 1000
LARGEST = 8 * 1024 * 1024
# Enough for all of Streamlit's own scripts.
CACHE_SIZE = 48 * 1024 * 1024
BROTLI_QUALITY = 5
GZIP_LEVEL = 6
TEXT = ("text/", "application/javascript", "application/json", "image/svg+xml")
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


# A file's response headers and its body.
File = tuple[Headers, Body]


class CompressStatic:
    """ASGI middleware: compresses the files under a path at the first request, and caches them.

    It is for files whose content never changes under their name, such as Streamlit's.
    """

    def __init__(self, app: ASGIApp, *, path: str = "/static/", size: int = CACHE_SIZE) -> None:
        """Wrap `app`, and cache files of at most `size` bytes in total, uncompressed."""
        self._app = app
        self._max_size = size
        self._path = path
        self._files: OrderedDict[str, File] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from the cache, or pass the request to the app and cache its response."""
        if not self._concerns(scope):
            await self._app(scope, receive, send)
            return
        file = self._files.get(scope["path"]) or await self._fetch(scope, receive, send)
        if file is None:
            return
        if scope["path"] in self._files:
            self._files.move_to_end(scope["path"])
        headers, body = file
        encoding, content = body.choose(Headers(scope=scope).get("accept-encoding", ""))
        response_headers = MutableHeaders(raw=list(headers.raw))
        response_headers["content-length"] = str(len(content))
        if encoding != "identity":
            response_headers["content-encoding"] = encoding
            del response_headers["etag"]
        await send({"type": "http.response.start", "status": 200, "headers": response_headers.raw})
        await send({"type": "http.response.body", "body": content})

    def _concerns(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] != "GET":
            return False
        headers = Headers(scope=scope)
        partial = any(name in headers for name in ("range", "if-none-match", "if-modified-since"))
        # Only the normal spelling of a file's path is compressed and cached.
        plain = scope["path"].startswith(self._path) and normpath(scope["path"]) == scope["path"]
        return plain and not partial

    async def _fetch(self, scope: Scope, receive: Receive, send: Send) -> File | None:
        """Return the app's response, or None if it was sent unchanged."""
        start: Message = {}
        chunks: list[bytes] | None = None

        async def hold(message: Message) -> None:
            nonlocal start, chunks
            if message["type"] == "http.response.start" and _is_cacheable(message):
                start, chunks = message, []
                message["headers"] = _varying(message)
            elif chunks is None:
                await send(message)
            else:
                chunks.append(message.get("body", b""))

        await self._app(scope, receive, hold)
        if chunks is None:
            return None
        headers, whole = Headers(raw=start["headers"]), b"".join(chunks)
        if len(whole) != int(headers["content-length"]):
            # The client disconnected before the app had finished.
            return None
        file = (headers, Body(whole))
        self._store(scope["path"], file)
        return file

    def _store(self, path: str, file: File) -> None:
        """Cache a file, and drop the least recently used ones beyond the size of the cache."""
        before = self._files.pop(path, None)
        self._files[path] = file
        self._size += len(file[1].plain) - (len(before[1].plain) if before else 0)
        while self._size > self._max_size:
            _, (_, body) = self._files.popitem(last=False)
            self._size -= len(body.plain)


def _is_cacheable(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    length = int(headers.get("content-length", 0))
    return (
        start["status"] == 200
        and headers.get("content-type", "").startswith(TEXT)
        # Streamlit answers with its page if there is no such file.
        and not headers.get("content-type", "").startswith("text/html")
        and "content-encoding" not in headers
        and SMALLEST <= length <= LARGEST
    )


def _varying(start: Message) -> list[tuple[bytes, bytes]]:
    headers = MutableHeaders(raw=list(start["headers"]))
    headers.add_vary_header("Accept-Encoding")
    return headers.raw
