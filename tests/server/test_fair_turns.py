"""Callers that take turns before the threads of the routes."""

import asyncio
from typing import Any

import pytest

from pbf.server.auth_middleware.fair_turns import FairTurns
from tests.support.clock import Clock
from tests.support.event_loop import complete


def scope(**headers: str) -> dict[str, Any]:
    named = [(b"host", b"localhost"), *((n.encode(), v.encode()) for n, v in headers.items())]
    return {"type": "http", "scheme": "http", "path": "/_/connectors", "headers": named}


class SleepingClock(Clock):
    """A clock that sleeping moves forward."""

    slept = 0.0

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        self.slept += seconds


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

    complete(twice())


async def slept(*rounds: int, rest: float = 0.0) -> float:
    """Return the seconds that a caller waits who sends so many requests of a second each round.

    It rests before the last round.
    """
    clock, ended = SleepingClock(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await ended.wait()

    turns = FairTurns(app, burst=5.0, clock=clock, sleep=clock.sleep)
    for number, requests in enumerate(rounds, 1):
        ended.clear()
        clock.now += rest if number == len(rounds) else 0.0
        sent = [turns(scope(authorization="Bearer pbf_one"), None, None) for _ in range(requests)]  # type: ignore[arg-type]
        tasks = [asyncio.create_task(each) for each in sent]
        for _ in range(20):
            await asyncio.sleep(0)
        clock.now += 1.0
        ended.set()
        await asyncio.gather(*tasks)
    return clock.slept


@pytest.mark.parametrize(
    ("rounds", "rest", "waited"),
    [
        pytest.param([1] * 100, 0.0, 0.0, id="one-at-a-time-never-waits"),
        pytest.param([2] * 6, 0.0, 0.0, id="a-burst-does-not-wait"),
        pytest.param([2] * 20, 0.0, 14.0, id="two-at-once-for-long-are-as-fast-as-one"),
        pytest.param([2] * 7, 1.0, 0.0, id="a-rest-makes-up-for-a-burst"),
    ],
)
def test_a_caller_with_several_at_once_for_long_waits(
    rounds: list[int], rest: float, waited: float
):
    assert complete(slept(*rounds, rest=rest)) == pytest.approx(waited)


def test_nothing_is_kept_of_a_caller_that_has_stopped():
    async def app(scope: Any, receive: Any, send: Any) -> None:
        clock.now += 1.0

    async def send(turns: FairTurns, *tokens: str) -> list[str]:
        for token in tokens:
            await turns(scope(authorization=token), None, None)  # type: ignore[arg-type]
        return [*turns._turns]

    clock = Clock()

    assert complete(send(FairTurns(app, clock=clock), "one", "two")) == ["two"]
