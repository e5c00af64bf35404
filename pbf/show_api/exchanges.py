"""Reports of requests to Fivetran, for those who listen; without a listener nothing is kept."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pbf.clock import current_time
from pbf.errors import ApiError

Result = TypeVar("Result")


@dataclass
class Exchange:
    """One request and its answer as they were sent, secrets included.

    `error` is the sentence of the ApiError, if there was one. `status` is None without an answer.
    """

    method: str
    path: str
    query: Mapping[str, Any]
    body: Mapping[str, Any] | None
    at: float
    milliseconds: int = 0
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    error: str = ""


Listener = Callable[[Exchange], None]
# Of the session that this thread works for.
LISTENER: ContextVar[Listener | None] = ContextVar("exchange_listener", default=None)
_under_way: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


@contextmanager
def reported(
    method: str, path: str, query: Mapping[str, Any] | None, body: Mapping[str, Any] | None
) -> Iterator[None]:
    """Report a request to this thread's listener once it has ended."""
    listener = LISTENER.get()
    if listener is None:
        yield
        return
    exchange = Exchange(method, f"/v1{path}", query or {}, body, current_time())
    token, begun_at = _under_way.set(exchange), time.monotonic()
    try:
        yield
    except ApiError as error:
        exchange.error = str(error)
        raise
    finally:
        exchange.milliseconds = round((time.monotonic() - begun_at) * 1000)
        _under_way.reset(token)
        listener(exchange)


def add_answer(status: int, headers: Mapping[str, str], content: bytes) -> None:
    """Add the answer to the request that is reported, if there is one."""
    if exchange := _under_way.get():
        exchange.status, exchange.headers, exchange.content = status, dict(headers), content


def carrying(fetch: Callable[[], Result]) -> Callable[[], Result]:
    """Return a function for another thread that reports to this thread's listener."""
    listener = LISTENER.get()
    if listener is None:
        return fetch

    def run() -> Result:
        token = LISTENER.set(listener)
        try:
            return fetch()
        finally:
            LISTENER.reset(token)

    return run
