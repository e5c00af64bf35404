"""Who acts, for the audit log; until there is sign-in, by which door they came."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

WHO: ContextVar[str] = ContextVar("who", default="page")


@contextmanager
def acting(who: str) -> Iterator[None]:
    """Let what is done within be done by somebody."""
    before = WHO.set(who)
    try:
        yield
    finally:
        WHO.reset(before)
