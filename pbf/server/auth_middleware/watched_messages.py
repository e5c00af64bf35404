"""The messages that Streamlit receives from one browser, for as long as its session lasts."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import Message, Receive

from pbf.server.streamlit_patches import ClientMessage, read_client_message

RERUN = "rerun_script"
HEARTBEAT = "app_heartbeat"
# Other messages clear the cache of all visitors, upload files or describe the source code.
ACCEPTED = (RERUN, HEARTBEAT, "stop_script", "backend_operation_request")


class WatchedMessages:
    """Receives a browser's messages until its session ends.

    Streamlit then receives the last complete run of the page once more, in which the page finds no
    identity and says so. All that the browser sends afterwards is dropped, so that neither timers
    nor clicks run anything.
    """

    def __init__(
        self, receive: Receive, ended: asyncio.Event, on_activity: Callable[[], None]
    ) -> None:
        """Read from `receive`; a click or typed text calls `on_activity`.

        A page that follows changes by itself does not.
        """
        self._receive = receive
        self._ended = ended
        self._on_activity = on_activity
        self._end = asyncio.ensure_future(ended.wait())
        self._next: asyncio.Future[Message] | None = None
        self._last_run = b""
        self._has_stopped = False

    def close(self) -> None:
        """Stop waiting for messages."""
        self._end.cancel()
        if self._next is not None:
            self._next.cancel()

    async def receive(self) -> Message:
        """Return the next message for Streamlit (ASGI)."""
        while True:
            if self._ended.is_set() and self._last_run and not self._has_stopped:
                return self._stop(self._last_run)
            message = await self._next_message()
            if message is None:
                continue
            if message["type"] != "websocket.receive":
                return message
            if chosen := self._choose(message):
                return chosen

    async def _next_message(self) -> Message | None:
        """Return the browser's next message, or None when the session ends before it."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._receive())
        if not self._ended.is_set():
            waiting: set[asyncio.Future[Any]] = {self._next, self._end}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self._ended.is_set():
                return None
        message = await self._next
        self._next = None
        return message

    def _choose(self, message: Message) -> Message | None:
        """Return what Streamlit receives for a message, or None for nothing."""
        content = read_client_message(message.get("bytes") or b"")
        if self._ended.is_set():
            return self._after_end(message, content)
        if content is None:
            return message  # Streamlit closes the connection.
        if content.complete_run and not content.is_unattended:
            self._last_run = content.complete_run if not content.is_fragment else self._last_run
            self._on_activity()
        return message if content.kind in ACCEPTED else None

    def _after_end(self, message: Message, content: ClientMessage | None) -> Message | None:
        if content is None:
            return None
        if content.complete_run and not self._has_stopped:
            # The session ended before the page had run.
            return self._stop(content.complete_run)
        return message if content.kind == HEARTBEAT else None

    def _stop(self, run: bytes) -> Message:
        self._has_stopped = True
        return {"type": "websocket.receive", "bytes": run}


def without_identity(receive: Receive) -> Receive:
    """Return a `receive` for a browser that is not signed in: it may only run pages."""

    async def receive_runs() -> Message:
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            content = read_client_message(message.get("bytes") or b"")
            if content is None or content.kind in (RERUN, HEARTBEAT):
                return message

    return receive_runs
