"""The shared cache: one response for all sessions, one request at a time per key.

An entry is fresh for its lifetime, which is set when it is fetched. After that it is served stale
while one background thread fetches a newer one. Only if it is long out of date or was forgotten do
callers wait, for a limited time. A failure is cached for a few seconds, so that callers who waited
for it do not retry one after the other. Meanwhile the last entry is served, marked with the
problem, until a request succeeds; a refusal, such as that of a revoked key, removes it.

Every request runs in a daemon thread, so that a request that hangs does not keep the process alive.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from pbf.cache.entries import (
    CachedFailure,
    CachedList,
    Item,
    StoredList,
    fetched,
    keep_newest,
    keep_recent,
    stale_entry,
)
from pbf.cache.redis_backend import RECHECK, BackendUnavailable, RedisBackend
from pbf.clock import SKEW, current_time
from pbf.concurrency.bulkheads import Dependency, waiting_for
from pbf.errors import ApiError, ConnectionFailed, FivetranBusy, TimedOut
from pbf.metrics.instruments import count_served_list

# A caller with a previous entry waits so many seconds; Fivetran may take a minute to fail.
LONGEST_WAIT = 3.0
# The limits of what is stored: a catalogue of 800 services, and the lists of thousands of tenants.
# A connector takes 3.2 kB.
MAX_KEYS = 8192
MAX_ITEMS = 250_000

# A list counts as in use for so many seconds after it was last asked for.
IN_USE = 60.0

_Request = Future[CachedList[Any]]
_Result = StoredList | CachedFailure | None
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Statistics:
    """What a process has in its cache; the age in seconds is that of the oldest list in use."""

    lists: int
    items: int
    longest: int
    oldest_age: float
    in_flight: int


class SharedCache:
    """Lists by key, shared by all threads, and by all processes with the same backend."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = current_time,
        backend: RedisBackend | None = None,
        max_keys: int = MAX_KEYS,
        max_items: int = MAX_ITEMS,
    ) -> None:
        """Start empty; with a backend, share the entries of other processes.

        Beyond `max_keys` keys, or `max_items` items of all lists together, the lists that were not
        used for longest are evicted.
        """
        self._clock = clock
        self._max_keys = max_keys
        self._limits = max_keys, max_items
        self._backend = backend
        self._entries: dict[str, StoredList] = {}
        # Entries from before their key was forgotten, served while Fivetran does not answer.
        self._previous: dict[str, CachedList[Any]] = {}
        self._failures: dict[str, CachedFailure] = {}
        self._requests: dict[str, _Request] = {}
        # How often keys were forgotten: each key is counted in one of these, some share one.
        self._forgotten = [0] * max_keys
        self._closed = False
        # Guards the six above: starting, finishing and forgetting are atomic.
        self._lock = threading.RLock()

    def get(
        self,
        key: str,
        fetch: Callable[[], Sequence[Item]],
        *,
        lifetime: Callable[[Sequence[Item]], float],
        patience: float | None = None,
    ) -> CachedList[Item]:
        """Return the entry of a key, calling `fetch` if there is none or it is stale.

        Without a previous entry, wait `patience` seconds for the first one, by default without a
        limit. Raises the ApiError of `fetch` if there is no entry to serve instead.
        """
        cached = self._get(key, fetch, lifetime=lifetime, patience=patience)
        age = self._clock() - cached.fetched_at
        is_fresh = age <= cached.lifetime
        state = "after_failure" if cached.problem else "fresh" if is_fresh else "stale"
        count_served_list(state, max(0.0, age) / (cached.lifetime or 1.0))
        return cached

    def _get(
        self,
        key: str,
        fetch: Callable[[], Sequence[Item]],
        *,
        lifetime: Callable[[Sequence[Item]], float],
        patience: float | None,
    ) -> CachedList[Item]:
        now = self._clock()
        entry = self._current(key, now)
        cached: CachedList[Item] | None = entry.value if entry else None
        failure = self._failures.get(key)
        last: CachedList[Item] | None = cached or self._previous.get(key)
        if failure and failure.blocks_retry(now, has_entry=last is not None):
            return stale_entry(last, failure)
        age = now - cached.fetched_at if cached else 0.0
        if cached and age <= cached.lifetime:
            return cached
        request = self._join(key, fetch, lifetime, seen=(entry, failure))
        if request is None:
            return self._get(key, fetch, lifetime=lifetime, patience=patience)
        if (last or patience is not None) and failure and failure.is_recent(now):
            return stale_entry(last, failure)
        if cached and not cached.is_long_stale(now):
            return stale_entry(cached, failure) if failure else cached
        try:
            with waiting_for(Dependency.FIVETRAN, FivetranBusy):
                newer = request.result(LONGEST_WAIT if last else patience)
        except TimeoutError:
            return stale_entry(last, self._overdue(key, request))
        except ApiError as error:
            return stale_entry(last, CachedFailure(error, now))
        if cached is None and newer.is_long_stale(self._clock()):
            # It came from the backend.
            return self._get(key, fetch, lifetime=lifetime, patience=patience)
        return newer

    def is_available(self, key: str) -> bool:
        """Whether there is an entry that can be served without waiting."""
        entry = self._entries.get(key)
        return entry is not None and not entry.value.is_long_stale(self._clock())

    def statistics(self) -> Statistics:
        """Return how many lists there are, how long and how old."""
        now, entries = self._clock(), tuple(self._entries.values())
        lengths = [len(entry.value.items) for entry in entries]
        in_use = [entry.value for entry in entries if now - entry.used <= IN_USE]
        return Statistics(
            lists=len(entries),
            items=sum(lengths),
            longest=max(lengths, default=0),
            oldest_age=max((now - value.fetched_at for value in in_use), default=0.0),
            in_flight=len(self._requests),
        )

    def peek(self, key: str) -> CachedList[Any] | None:
        """Return the entry of a key, however stale; None if there is none or it was forgotten."""
        entry = self._entries.get(key)
        return entry.value if entry else None

    def last(self, key: str) -> CachedList[Any] | None:
        """Return the entry of a key, however stale, also if it was forgotten; None without one."""
        return self.peek(key) or self._previous.get(key)

    def backend_answers(self) -> bool | None:
        """Ask Redis whether it answers; None if this cache is not shared."""
        if self._backend is None:
            return None
        try:
            self._backend.ping()
        except BackendUnavailable:
            return False
        return True

    def generation(self, key: str) -> str | None:
        """Return a tag that changes when any process forgets the key; None if Redis is down."""
        try:
            shared = self._backend.generation(key) if self._backend else ""
        except BackendUnavailable:
            return None
        return f"{self._forgotten[self._counter(key)]} {shared}"

    def forget(self, key: str) -> None:
        """Fetch anew at the next call, even if an earlier request is still running."""
        if self._backend:
            self._backend.forget(key)
        with self._lock:
            self._forgotten[self._counter(key)] += 1
            self._retire(key)
            self._failures.pop(key, None)
            self._requests.pop(key, None)

    def drop(self, key: str) -> None:
        """Fetch anew at the next call, and never serve again what was fetched before."""
        self.forget(key)
        with self._lock:
            self._previous.pop(key, None)

    def close(self) -> None:
        """Stop requesting, and release waiting callers."""
        with self._lock:
            self._closed = True
            requests = tuple(self._requests.values())
            self._requests.clear()
        for request in requests:
            _finish(request, error=_closing())
        if self._backend:
            self._backend.close()

    def _current(self, key: str, now: float) -> StoredList | None:
        """Return this process's entry, unless another process has forgotten the key."""
        entry = self._entries.get(key)
        if entry:
            entry.used = now
        if entry is None or self._backend is None or now - entry.checked < RECHECK:
            return entry
        entry.checked = now  # so that other threads do not check meanwhile
        try:
            is_valid = self._backend.generation(key) == entry.generation
        except BackendUnavailable:
            is_valid = True
        if is_valid:
            return entry
        with self._lock:
            if self._entries.get(key) is entry:
                self._retire(key)
                self._requests.pop(key, None)
        return self._entries.get(key)

    def _counter(self, key: str) -> int:
        return crc32(key.encode(errors="replace")) % len(self._forgotten)

    def _retire(self, key: str) -> None:
        if entry := self._entries.pop(key, None):
            keep_newest(self._previous, key, entry.value, self._max_keys)

    def _join(
        self,
        key: str,
        fetch: Callable[[], Sequence[Item]],
        lifetime: Callable[[Sequence[Item]], float],
        *,
        seen: tuple[StoredList | None, CachedFailure | None],
    ) -> "Future[CachedList[Item]] | None":
        """Return the running request, or start one; None if one has finished since `seen`."""
        with self._lock:
            if seen != (self._entries.get(key), self._failures.get(key)):
                return None
            if request := self._requests.get(key):
                return request
            request = Future()
            if self._closed:
                request.set_exception(_closing())
                return request
            self._requests[key] = request
        threading.Thread(
            target=self._run,
            args=(request, key, seen[0], lambda: fetched(fetch(), lifetime, self._clock)),
            name=f"fetch {key}",
            daemon=True,
        ).start()
        return request

    def _run(
        self,
        request: _Request,
        key: str,
        previous: StoredList | None,
        fetch: Callable[[], CachedList[Any]],
    ) -> None:
        try:
            entry = self._newer(key, previous, fetch)
        except ApiError as error:
            self._store(request, key, CachedFailure(error, self._clock()))
        except Exception as error:
            log.exception("Fetching %s failed", key)
            self._store(request, key, None)
            _finish(request, error=error)
        else:
            self._store(request, key, entry)

    def _newer(
        self, key: str, previous: StoredList | None, fetch: Callable[[], CachedList[Any]]
    ) -> StoredList:
        """Return an entry newer than the previous one: another process's, or a fetched one."""
        newer = None
        if self._backend:
            with suppress(BackendUnavailable):
                if shared := self._read(self._backend, key, previous)[1]:
                    return shared
                with self._backend.lock(key):
                    generation, shared = self._read(self._backend, key, previous)
                    if shared:
                        return shared
                    newer = fetch()
                    if newer.shared:
                        self._backend.put(key, generation, newer)
                    return StoredList(newer, generation, self._clock())
        return StoredList(newer or fetch(), None, self._clock())

    def _read(
        self, backend: RedisBackend, key: str, previous: StoredList | None
    ) -> tuple[str, StoredList | None]:
        """Return the generation of a key, and the backend's entry if it is a newer one."""
        generation, value = backend.read(key)
        # An entry from the future was written by a clock that was wrong; it would never get old.
        is_past = value is not None and value.fetched_at <= self._clock() + SKEW
        if value and is_past and (previous is None or value.fetched_at > previous.value.fetched_at):
            return generation, StoredList(value, generation, self._clock())
        return generation, None

    def _store(self, request: _Request, key: str, result: _Result) -> None:
        """Store the result of a request, unless the key was forgotten meanwhile."""
        with self._lock:
            if self._requests.get(key) is request:
                del self._requests[key]
                if isinstance(result, StoredList):
                    self._previous.pop(key, None)
                    self._failures.pop(key, None)
                    keep_recent(self._entries, self._previous, key, result, *self._limits)
                elif result:
                    self._store_failure(key, result)
        if isinstance(result, StoredList):
            _finish(request, value=result.value)
        elif result:
            _finish(request, error=result.error)

    def _overdue(self, key: str, request: _Request) -> CachedFailure:
        """Store that a request takes too long, so that no other caller waits for it."""
        failure = CachedFailure(TimedOut("Fivetran takes long to answer."), self._clock())
        with self._lock:
            if self._requests.get(key) is request:
                self._store_failure(key, failure)
        return failure

    def _store_failure(self, key: str, failure: CachedFailure) -> None:
        for old_key in [old_key for old_key in self._failures if old_key not in self._entries]:
            if not self._failures[old_key].blocks_retry(failure.at, has_entry=False):
                del self._failures[old_key]
        keep_newest(self._failures, key, failure, self._max_keys)
        if failure.hides_entry:
            self._previous.pop(key, None)
            entry = self._entries.pop(key, None)
            if entry and self._backend:
                self._backend.delete(key, entry.generation or "")


def _finish(
    request: _Request, *, value: CachedList[Any] | None = None, error: Exception | None = None
) -> None:
    with suppress(InvalidStateError):  # the cache was closed
        if error:
            request.set_exception(error)
        elif value:
            request.set_result(value)


def _closing() -> ConnectionFailed:
    return ConnectionFailed("The server is being stopped. Try again in a moment.")
