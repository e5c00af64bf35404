"""Callers that take turns before the threads of the routes."""

import asyncio
from typing import Any

import pytest

from pbf.server.auth_middleware.fair_turns import FairTurns
from tests.support.event_loop import complete


def scope(**headers: str) -> dict[str, Any]:
    named = [(b"host", b"localhost"), *((n.encode(), v.encode()) for n, v in headers.items())]
    return {"type": "http", "scheme": "http", "path": "/_/connectors", "headers": named}


class App:
    """Works on requests until it is told to end them, and notes how many it has at once."""

    def __init__(self) -> None:
        self.under_way: list[str] = []
        self.ended = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.under_way.append(dict(scope["headers"])[b"host"].decode())
        await self.ended.wait()


async def started(*scopes: dict[str, Any]) -> tuple[int, int]:
    """Return how many of some requests are worked on at once, and how many in the end."""
    app = App()
    turns = FairTurns(app, at_once=3)
    tasks = [asyncio.create_task(turns(each, None, None)) for each in scopes]  # type: ignore[arg-type]
    for _ in range(20):
        await asyncio.sleep(0)
    at_once = len(app.under_way)
    app.ended.set()
    await asyncio.gather(*tasks)
    assert not turns._turns
    return at_once, len(app.under_way)


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "Bearer pbf_one"}, {"cookie": "theme=dark; pbf=one"}],
    ids=["token", "session"],
)
def test_requests_of_one_caller_wait_for_each_other(headers: dict[str, str]):
    assert complete(started(*[scope(**headers)] * 10)) == (3, 10)


def test_other_callers_do_not_wait():
    busy = [scope(authorization="Bearer pbf_one")] * 10

    assert complete(started(*busy, scope(authorization="Bearer pbf_two"))) == (4, 11)


def test_requests_without_a_caller_do_not_wait():
    assert complete(started(*[scope()] * 10)) == (10, 10)


def test_a_request_that_fails_ends_its_turn():
    async def fail(scope: Any, receive: Any, send: Any) -> None:
        raise ZeroDivisionError

    async def twice() -> None:
        turns = FairTurns(fail, at_once=1)
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                await turns(scope(cookie="pbf=one"), None, None)  # type: ignore[arg-type]
        assert not turns._turns

    complete(twice())
