"""Request bodies are read before a thread is assigned, so that slow clients block nobody."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pbf.server.refusals import Refusal, send_refusal

LARGEST_BODY = 64 * 1024
BODY_TIMEOUT = 10.0
TOO_LARGE = Refusal(413, "too_large", "The body is larger than 64 KiB.")
TOO_SLOW = Refusal(408, "too_slow", "The body did not arrive in time. Send the request again.")


class BufferRequestBody:
    """ASGI middleware for an app that runs in threads: it receives each body complete, or not."""

    def __init__(self, app: ASGIApp, *, timeout: float = BODY_TIMEOUT) -> None:
        """Wrap `app`; a body must arrive within `timeout` seconds."""
        self._app = app
        self._timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, then pass the request to the app."""
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        try:
            body = await asyncio.wait_for(_read_body(receive), self._timeout)
        except TimeoutError:
            await send_refusal(scope, TOO_SLOW, send)
            return
        if body is None:
            return
        if len(body) > LARGEST_BODY:
            await send_refusal(scope, TOO_LARGE, send)
            return
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_buffered() -> Message:
            return messages.pop() if messages else await receive()

        await self._app(scope, receive_buffered, send)


def _has_body(scope: Scope) -> bool:
    names = {name for name, value in scope["headers"] if value != b"0"}
    return bool(names & {b"content-length", b"transfer-encoding"})


async def _read_body(receive: Receive) -> bytes | None:
    """Return the body, cut once it is too large; None if the client disconnected."""
    body = bytearray()
    while len(body) <= LARGEST_BODY:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return bytes(body)
