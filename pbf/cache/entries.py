"""What is known of a list: the answer, when it was given, and why there is no newer one."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pydantic import BaseModel

from pbf.errors import ApiError, ApiRejected, RateLimited

Item = TypeVar("Item", bound=BaseModel)
Value = TypeVar("Value")

FAILURE_LIFETIME = 5.0
# Fivetran says when to come back after a 429; a mistaken hour must not freeze a screen.
LONGEST_RETRY_AFTER = 300.0
# Where asking failed so lately, nobody who has an answer waits for the next try.
LATELY = 300.0


@dataclass(frozen=True)
class CachedList(Generic[Item]):
    """A list that Fivetran gave, when (seconds since 1970), and a mark that changes with it.

    `lifetime` is for how many seconds it is fresh. `problem` is why there is no newer one, if
    asking again failed. `unread` counts the items that could not be read and are not in it.
    """

    items: tuple[Item, ...]
    revision: str
    fetched_at: float
    lifetime: float = 0.0
    problem: ApiError | None = None
    unread: int = 0


class PartialList(list[Item]):
    """A list, and how many of its items could not be read."""

    def __init__(self, items: Iterable[Item], unread: int | None = None) -> None:
        """Take all items; unless given, `unread` is what they themselves count."""
        super().__init__(items)
        self.unread: int = getattr(items, "unread", 0) if unread is None else unread


@dataclass(frozen=True, eq=False)
class CachedFailure:
    """That asking failed, why, and when."""

    error: ApiError
    at: float

    @property
    def hides_what_is_known(self) -> bool:
        """A key that was taken away must not see the last answer either."""
        return isinstance(self.error, ApiRejected) and not isinstance(self.error, RateLimited)

    def counts(self, now: float, *, stand_in: bool) -> bool:
        """Whether it is too early to ask again; one who has an answer can wait as long as told."""
        wait = FAILURE_LIFETIME
        if stand_in and isinstance(self.error, RateLimited):
            wait = min(max(wait, self.error.retry_after), LONGEST_RETRY_AFTER)
        return now - self.at < wait

    def was_lately(self, now: float) -> bool:
        """Whether the next try may well fail too."""
        return now - self.at < LATELY


def stand_in(known: CachedList[Item] | None, failure: CachedFailure) -> CachedList[Item]:
    """Return what is known, marked with the failure; raise that if nothing may be shown."""
    if known is None or failure.hides_what_is_known:
        raise failure.error.with_traceback(None)
    return replace(known, problem=failure.error)


def fingerprint(items: Sequence[BaseModel]) -> str:
    """Return a mark that changes with the items."""
    digest = hashlib.blake2b(digest_size=12)
    for item in items:
        digest.update(item.model_dump_json().encode())
    return digest.hexdigest()


def keep_newest(kept: dict[str, Value], key: str, value: Value, most: int) -> dict[str, Value]:
    """Keep a value as the newest of at most `most`; return the oldest ones, which had to go."""
    kept.pop(key, None)
    kept[key] = value
    return {oldest: kept.pop(oldest) for oldest in tuple(kept)[: max(0, len(kept) - most)]}
