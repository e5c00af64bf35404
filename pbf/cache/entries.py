"""Cache entries: a list with its time and problem, and a failed request."""

import hashlib
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from pydantic import BaseModel

from pbf.errors import ApiError, ApiRejected, RateLimited

Item = TypeVar("Item", bound=BaseModel)
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

FAILURE_LIFETIME = 5.0
# Fivetran says when to retry after a 429; a mistaken hour must not freeze a screen.
LONGEST_RETRY_AFTER = 300.0
# For so many seconds after a failure, a caller with an entry does not wait for the next request.
RECENT = 300.0


@dataclass(frozen=True)
class CachedList(Generic[Item]):
    """A list from Fivetran, when it was fetched (seconds since 1970), and a tag of its content.

    `lifetime` is how many seconds it is fresh. `problem` is why there is no newer list, if the
    last request failed. `unread` counts items that could not be parsed and are left out.
    """

    items: tuple[Item, ...]
    revision: str
    fetched_at: float
    lifetime: float = 0.0
    problem: ApiError | None = None
    unread: int = 0


class PartialList(list[Item]):
    """A list, and how many of its items could not be parsed."""

    def __init__(self, items: Iterable[Item], unread: int | None = None) -> None:
        """Read all items; `unread` defaults to the attribute of that name of `items`."""
        super().__init__(items)
        self.unread: int = getattr(items, "unread", 0) if unread is None else unread


@dataclass(frozen=True, eq=False)
class CachedFailure:
    """A request that failed: the error, and when."""

    error: ApiError
    at: float

    @property
    def hides_entry(self) -> bool:
        """Whether the last list must not be shown either, such as to a key that was revoked."""
        return isinstance(self.error, ApiRejected) and not isinstance(self.error, RateLimited)

    def blocks_retry(self, now: float, *, has_entry: bool) -> bool:
        """Whether it is too early to retry; a caller with an entry respects Retry-After."""
        wait = FAILURE_LIFETIME
        if has_entry and isinstance(self.error, RateLimited):
            wait = min(max(wait, self.error.retry_after), LONGEST_RETRY_AFTER)
        return now - self.at < wait

    def is_recent(self, now: float) -> bool:
        """Whether the next request is likely to fail, too."""
        return now - self.at < RECENT


def stale_entry(entry: CachedList[Item] | None, failure: CachedFailure) -> CachedList[Item]:
    """Return the entry marked with the failure; raise the failure if nothing may be shown."""
    if entry is None or failure.hides_entry:
        raise failure.error.with_traceback(None)
    return replace(entry, problem=failure.error)


def fingerprint(items: Sequence[BaseModel]) -> str:
    """Return a tag that changes with the items."""
    digest = hashlib.blake2b(digest_size=12)
    for item in items:
        digest.update(item.model_dump_json().encode())
    return digest.hexdigest()


def keep_newest(values: dict[Key, Value], key: Key, value: Value, max_size: int) -> None:
    """Add a value as the newest of at most `max_size`, and remove the oldest beyond these."""
    values.pop(key, None)
    values[key] = value
    for oldest in tuple(values)[: max(0, len(values) - max_size)]:
        del values[oldest]
