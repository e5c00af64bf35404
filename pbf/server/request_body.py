"""Bodies are read before a thread is given to them, so that slow senders hold nobody up."""

import asyncio
import json
import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pbf.logs import begin_request

log = logging.getLogger(__name__)

LARGEST_BODY = 64 * 1024
SECONDS_FOR_A_BODY = 10.0
TOO_LARGE = (413, "too_large", "The body is larger than 64 KiB.")
TOO_SLOW = (408, "too_slow", "The body did not arrive in time. Send the request again.")


class BufferRequestBody:
    """ASGI middleware before an app that waits in threads: it gets each body whole, or not."""

    def __init__(self, app: ASGIApp, *, seconds: float = SECONDS_FOR_A_BODY) -> None:
        """Stand before `app`."""
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, then let the app answer."""
        if scope["type"] != "http" or not _has_a_body(scope):
            await self._app(scope, receive, send)
            return
        try:
            body = await asyncio.wait_for(_whole(receive), self._seconds)
        except TimeoutError:
            await _refuse(send, *TOO_SLOW)
            return
        if body is None:
            return
        if len(body) > LARGEST_BODY:
            await _refuse(send, *TOO_LARGE)
            return
        first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return first.pop() if first else await receive()

        await self._app(scope, again, send)


def _has_a_body(scope: Scope) -> bool:
    names = {name for name, value in scope["headers"] if value != b"0"}
    return bool(names & {b"content-length", b"transfer-encoding"})


async def _whole(receive: Receive) -> bytes | None:
    """Return the body, no more of it than shows that it is too large; None if the sender left."""
    body = bytearray()
    while len(body) <= LARGEST_BODY:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return bytes(body)


async def _refuse(send: Send, status: int, code: str, message: str) -> None:
    known = begin_request()
    said = json.dumps({"error": {"code": code, "message": message, "request_id": known}}).encode()
    log.info("a body refused: %d %s", status, code)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(said)).encode()),
        # What is left of the body would be taken for the next request.
        (b"connection", b"close"),
        (b"cache-control", b"no-store"),
        (b"x-request-id", known.encode()),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": said})
