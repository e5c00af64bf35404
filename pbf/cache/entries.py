"""Cache entries: a list with its time and problem, and a failed request."""

import hashlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

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
# An entry older than this many lifetimes is not served while a newer one can be fetched.
MAX_STALE_LIFETIMES = 5


@dataclass(frozen=True)
class CachedList(Generic[Item]):
    """A list from Fivetran, when it was fetched (seconds since 1970), and a tag of its content.

    `lifetime` is how many seconds it is fresh. `problem` is why there is no newer list, if the
    last request failed. `unread` counts items that could not be parsed and are left out. A list
    that is not `shared` stays in this process.
    """

    items: tuple[Item, ...]
    revision: str
    fetched_at: float
    lifetime: float = 0.0
    problem: ApiError | None = None
    unread: int = 0
    shared: bool = True

    @property
    def served_until(self) -> float:
        """Until when it is served while a newer one can be fetched."""
        return self.fetched_at + self.lifetime * MAX_STALE_LIFETIMES

    def is_long_stale(self, now: float) -> bool:
        """Whether callers wait for a newer one."""
        return now > self.served_until


class PartialList(list[Item]):
    """A list, how many of its items could not be parsed, and when it was read if not just now.

    What this process alone knows is not `shared`.
    """

    def __init__(
        self,
        items: Iterable[Item],
        unread: int | None = None,
        read_at: float | None = None,
        *,
        shared: bool = True,
    ) -> None:
        """Read all items; `unread` and `read_at` default to the attributes of `items`."""
        super().__init__(items)
        self.shared = shared
        self.unread: int = getattr(items, "unread", 0) if unread is None else unread
        self.read_at: float | None = getattr(items, "read_at", None) if read_at is None else read_at


@dataclass(slots=True, eq=False)
class StoredList:
    """A list in this process's memory, when the backend confirmed it, and when it was used."""

    value: CachedList[Any]
    generation: str | None
    checked: float
    used: float = 0.0


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


def fetched(
    response: Sequence[Item],
    lifetime: Callable[[Sequence[Item]], float],
    clock: Callable[[], float],
) -> CachedList[Item]:
    """Return the entry of a response, which was read just now unless it says otherwise."""
    items, unread = tuple(response), getattr(response, "unread", 0)
    read_at = getattr(response, "read_at", None)
    fetched_at = clock() if read_at is None else read_at
    return CachedList(
        items,
        fingerprint(items),
        fetched_at,
        lifetime(items),
        unread=unread,
        shared=getattr(response, "shared", True),
    )


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


def keep_recent(
    entries: dict[str, StoredList],
    previous: dict[str, CachedList[Any]],
    key: str,
    entry: StoredList,
    max_keys: int,
    max_items: int,
) -> None:
    """Add an entry, and evict lists beyond either limit.

    Previous lists are evicted first, then the entries that were not used for longest. The new
    entry stays, however long it is.
    """
    entry.used = entry.checked
    entries.pop(key, None)
    items = sum(len(value.items) for value in previous.values()) + len(entry.value.items)
    items += sum(len(other.value.items) for other in entries.values())
    for old_key in tuple(previous):
        if items > max_items:
            items -= len(previous.pop(old_key).items)
    if items > max_items or len(entries) >= max_keys:
        for old_key in sorted(entries, key=lambda old_key: entries[old_key].used):
            if items > max_items or len(entries) >= max_keys:
                items -= len(entries.pop(old_key).value.items)
    entries[key] = entry
