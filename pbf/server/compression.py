"""Answers compressed once and kept: those of the JSON door, and Streamlit's own scripts.

Streamlit leaves its own 2.7 MB of scripts uncompressed, for a proxy to do; most installations have
none.
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
# All of Streamlit's own scripts fit in.
ROOM = 48 * 1024 * 1024
BROTLI_QUALITY = 5
GZIP_LEVEL = 6
TEXT = ("text/", "application/javascript", "application/json", "image/svg+xml")
ENCODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda plain: brotli.compress(plain, quality=BROTLI_QUALITY),
    "gzip": lambda plain: gzip.compress(plain, GZIP_LEVEL, mtime=0),
}


class Body:
    """One body in the encodings that browsers take, with a strong ETag for each."""

    def __init__(self, plain: bytes) -> None:
        """Keep a body; it is encoded when a client first takes it so."""
        self.plain = plain
        self.digest = hashlib.blake2b(plain, digest_size=12).hexdigest()
        self._encoded: dict[str, bytes] = {}

    def choose(self, accept_encoding: str) -> tuple[str, bytes]:
        """Return the best encoding that a client takes ("identity" if none), and the bytes.

        A body that is too small to gain by it stays plain.
        """
        names = accepted(accept_encoding)
        if not names or len(self.plain) < SMALLEST:
            return "identity", self.plain
        name = names[0]
        if name not in self._encoded:
            self._encoded[name] = ENCODERS[name](self.plain)
        return name, self._encoded[name]

    def etag(self, encoding: str) -> str:
        """Return the ETag of one encoding; encodings differ in their bytes."""
        return self.digest if encoding == "identity" else f"{self.digest}-{encoding}"


@lru_cache(maxsize=64)
def accepted(accept_encoding: str) -> tuple[str, ...]:
    """Return those of our encodings that a client takes, the best first."""
    weights = parse_accept_header(accept_encoding, Accept)
    return tuple(name for name in ENCODERS if weights[name] > 0)


class CompressStatic:
    """ASGI middleware: what lies under a path is compressed at the first request, and kept.

    For files that never change under their name, as Streamlit's do.
    """

    def __init__(self, app: ASGIApp, *, path: str = "/static/", room: int = ROOM) -> None:
        """Stand before `app`, and keep files of `room` bytes in all, uncompressed."""
        self._app = app
        self._room = room
        self._path = path
        self._kept: OrderedDict[str, tuple[Headers, Body]] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or let the app answer and keep that."""
        if not self._concerns(scope):
            await self._app(scope, receive, send)
            return
        kept = self._kept.get(scope["path"]) or await self._ask(scope, receive, send)
        if kept is None:
            return
        if scope["path"] in self._kept:
            self._kept.move_to_end(scope["path"])
        headers, body = kept
        encoding, content = body.choose(Headers(scope=scope).get("accept-encoding", ""))
        answer = MutableHeaders(raw=list(headers.raw))
        answer["content-length"] = str(len(content))
        if encoding != "identity":
            answer["content-encoding"] = encoding
            del answer["etag"]
        await send({"type": "http.response.start", "status": 200, "headers": answer.raw})
        await send({"type": "http.response.body", "body": content})

    def _concerns(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["method"] != "GET":
            return False
        asked = Headers(scope=scope)
        partial = any(name in asked for name in ("range", "if-none-match", "if-modified-since"))
        # Of the many spellings of a file's path, one is kept and so compressed.
        plain = scope["path"].startswith(self._path) and normpath(scope["path"]) == scope["path"]
        return plain and not partial

    async def _ask(self, scope: Scope, receive: Receive, send: Send) -> tuple[Headers, Body] | None:
        """Return what the app answers, or None if that is passed on as it is."""
        start: Message = {}
        chunks: list[bytes] | None = None

        async def hold(message: Message) -> None:
            nonlocal start, chunks
            if message["type"] == "http.response.start" and _worth_keeping(message):
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
            # The visitor left before the app was done: there is nobody to answer.
            return None
        kept = (headers, Body(whole))
        self._keep(scope["path"], kept)
        return kept

    def _keep(self, path: str, kept: tuple[Headers, Body]) -> None:
        """Keep a file, and as many of those that were asked for last as there is room for."""
        before = self._kept.pop(path, None)
        self._kept[path] = kept
        self._size += len(kept[1].plain) - (len(before[1].plain) if before else 0)
        while self._size > self._room:
            _, (_, body) = self._kept.popitem(last=False)
            self._size -= len(body.plain)


def _worth_keeping(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    length = int(headers.get("content-length", 0))
    return (
        start["status"] == 200
        and headers.get("content-type", "").startswith(TEXT)
        # Streamlit answers with its page where there is no file.
        and not headers.get("content-type", "").startswith("text/html")
        and "content-encoding" not in headers
        and SMALLEST <= length <= LARGEST
    )


def _varying(start: Message) -> list[tuple[bytes, bytes]]:
    headers = MutableHeaders(raw=list(start["headers"]))
    headers.add_vary_header("Accept-Encoding")
    return headers.raw
