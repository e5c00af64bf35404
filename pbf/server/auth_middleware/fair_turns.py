"""An ASGI middleware with which callers take turns, so that one cannot hold all threads."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pbf.server.auth_middleware.cookies import session_cookies

# How many requests of one caller are worked on at once. Those that only need the processor are not
# faster with more, and of ten threads the others always find a free one.
AT_ONCE = 2
# For how many seconds of work a caller may have more than one request worked on. Ten connectors
# created in parallel take about three.
BURST = 5.0


@dataclass
class Turns:
    """The turns of one caller.

    `paid_until` is when its work would be done if it had always been done one request at a time.
    """

    free: asyncio.Semaphore
    paid_until: float = 0.0
    requests: int = 0


class FairTurns:
    """Lets a few requests of each session and each API token through, and the others wait.

    A caller that goes on and on with several at once is slowed down to one at a time, on average;
    a caller with one request at a time never waits. Waiting requests are in the event loop, where
    they hold no thread. Requests without session or token do not wait.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        at_once: int = AT_ONCE,
        burst: float = BURST,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Wrap `app`, which gets so many requests of each caller at once.

        `burst` is how many seconds of work a caller may be ahead of one request at a time.
        """
        self._app = app
        self._at_once = at_once
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._turns: dict[str, Turns] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request when it is its caller's turn."""
        caller = _caller(scope)
        if not caller:
            await self._app(scope, receive, send)
            return
        turns = self._of(caller)
        turns.requests += 1
        try:
            async with turns.free:
                await self._take(turns, scope, receive, send)
        finally:
            turns.requests -= 1

    def _of(self, caller: str) -> Turns:
        """Return a caller's turns; the first request of a caller removes those that are over."""
        turns = self._turns.get(caller)
        if turns is None:
            now = self._clock()
            self._turns = {
                other: kept
                for other, kept in self._turns.items()
                if kept.requests or kept.paid_until > now
            }
            turns = self._turns[caller] = Turns(asyncio.Semaphore(self._at_once))
        return turns

    async def _take(self, turns: Turns, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, after a wait if its caller has been ahead for too long."""
        ahead = turns.paid_until - self._clock()
        if ahead > self._burst:
            await self._sleep(ahead - self._burst)
        started_at = self._clock()
        try:
            await self._app(scope, receive, send)
        finally:
            seconds = self._clock() - started_at
            turns.paid_until = max(turns.paid_until, started_at) + seconds


def _caller(scope: Scope) -> str:
    """Return the API token or the session of a request; "" if it has neither."""
    if authorization := Headers(scope=scope).get("authorization"):
        return authorization
    return next(iter(session_cookies(scope, None).values()), "")
