"""An ASGI middleware with which callers take turns, so that one cannot hold all threads."""

import asyncio
from collections import Counter

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pbf.server.auth_middleware.cookies import session_cookies

# How many requests of one caller are worked on at once. Those that only need the processor are not
# faster with more, and of ten threads the others always find a free one.
AT_ONCE = 2


class FairTurns:
    """Lets a few requests of each session and each API token through, and the others wait.

    They wait in the event loop, where they hold no thread. Requests without either do not wait.
    """

    def __init__(self, app: ASGIApp, *, at_once: int = AT_ONCE) -> None:
        """Wrap `app`, which gets so many requests of each caller at once."""
        self._app = app
        self._at_once = at_once
        # By caller: its turns, and how many of its requests have not ended.
        self._turns: dict[str, asyncio.Semaphore] = {}
        self._requests: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request when it is its caller's turn."""
        caller = _caller(scope)
        if not caller:
            await self._app(scope, receive, send)
            return
        turns = self._turns.setdefault(caller, asyncio.Semaphore(self._at_once))
        self._requests[caller] += 1
        try:
            async with turns:
                await self._app(scope, receive, send)
        finally:
            self._requests[caller] -= 1
            if not self._requests[caller]:
                del self._requests[caller], self._turns[caller]


def _caller(scope: Scope) -> str:
    """Return the API token or the session of a request; "" if it has neither."""
    if authorization := Headers(scope=scope).get("authorization"):
        return authorization
    return next(iter(session_cookies(scope, None).values()), "")
