"""The cache backend: a Redis in which several processes share their entries.

Each key has a generation, a tag that changes when the key is forgotten. A response
requested before that is stored under the old tag, which nobody reads, so no process has to be
interrupted.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from uuid import uuid4

from pbf.cache.entries import CachedList
from pbf.cache.serializer import ListSerializer
from pbf.concurrency.heartbeat import repeating
from pbf.metrics.instruments import REDIS_SECONDS
from pbf.metrics.outages import Outage

Result = TypeVar("Result")

# How long a process serves its own copy without checking Redis, in seconds.
RECHECK = 0.5
# Redis is there to save time, so waiting for it is short.
REDIS_TIMEOUT = 1.0
RETRY_AFTER_FAILURE = 5.0
EXPIRY = 24 * 3600
# How long a process that dies during a request blocks the others, and how often one at work extends
# its lock.
LOCK_TIMEOUT = 12
EXTEND_EVERY = 4
LOCK_POLL = 0.05

log = logging.getLogger(__name__)


class BackendUnavailable(Exception):
    """Redis does not respond, so the caller continues without it."""


class RedisBackend:
    """Lists by key and generation; reading and locking raise BackendUnavailable without Redis."""

    def __init__(self, url: str, *, prefix: str, serializer: ListSerializer) -> None:
        """Use the keys under a prefix at a Redis URL; connect at the first use."""
        from redis import Redis, RedisError

        self._client: Any = Redis.from_url(
            url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT
        )
        self._serializer = serializer
        self._prefix = prefix
        self._error = RedisError
        self._lock = threading.Lock()
        self._down_until = 0.0
        # It is not tried again for a while after each failure, so that its first answer counts.
        self._outage = Outage(
            "redis",
            log,
            begins="Redis does not answer (%s). Until it does, this process calls Fivetran itself.",
            ends="Redis answers again.",
            quiet=0.0,
        )
        self._to_forget: set[str] = set()

    def ping(self) -> None:
        """Ask Redis for an answer."""
        self._attempt(self._client.ping)

    def generation(self, key: str) -> str:
        """Return the tag that changes when any process forgets the key."""
        return self._attempt(lambda: self._generation(key))

    def read(self, key: str) -> tuple[str, CachedList[Any] | None]:
        """Return the generation and its list, or None if there is none."""

        def read() -> tuple[str, bytes | None]:
            generation = self._generation(key)
            return generation, self._client.get(self._name(key, generation))

        generation, data = self._attempt(read)
        with suppress(ValueError):  # something else wrote it
            return generation, self._serializer.loads(data) if data else None
        return generation, None

    def put(self, key: str, generation: str, value: CachedList[Any]) -> None:
        """Store a list, unless the key was forgotten since the generation was read."""
        data, name = self._serializer.dumps(value), self._name(key, generation)

        def put() -> None:
            self._client.set(name, data, ex=EXPIRY)
            if self._generation(key) != generation:
                self._client.delete(name)

        self._attempt(put)

    def delete(self, key: str, generation: str) -> None:
        """Delete a list, unless Redis is down."""
        with suppress(BackendUnavailable):
            self._attempt(lambda: self._client.delete(self._name(key, generation)))

    def forget(self, key: str) -> None:
        """Start a new generation; if Redis is down, do so once it is back."""
        with self._lock:
            self._to_forget.add(key)
        with suppress(BackendUnavailable):
            self._attempt(lambda: None)

    def close(self) -> None:
        """Close the connections to Redis."""
        self._client.close()

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Keep other processes from requesting the same key at the same time."""
        mutex = self._client.lock(
            f"{self._prefix}:lock:{key}",
            timeout=LOCK_TIMEOUT,
            sleep=LOCK_POLL,
            thread_local=False,
        )
        self._attempt(mutex.acquire)
        try:
            with repeating(lambda: self._extend(mutex), every=EXTEND_EVERY):
                yield
        finally:
            # A lock that timed out belongs to another process by now.
            with suppress(self._error):
                mutex.release()

    def _extend(self, mutex: Any) -> bool:
        """Let a lock begin anew; False once it is another process's."""
        from redis.exceptions import LockError

        try:
            mutex.reacquire()
        except LockError:
            return False
        except self._error:
            pass  # it may be back before the lock ends
        return True

    def _name(self, key: str, generation: str) -> str:
        # Another version of this program, whose models differ, has lists of its own; what one
        # version forgets is forgotten for all.
        return f"{self._prefix}:{self._serializer.shape}:{key}@{generation}"

    def _generation(self, key: str) -> str:
        return (self._client.get(f"{self._prefix}:generation:{key}") or b"").decode()

    def _start_generation(self, key: str) -> None:
        old = self._generation(key)
        self._client.set(f"{self._prefix}:generation:{key}", uuid4().hex, ex=EXPIRY)
        self._client.delete(self._name(key, old))

    def _attempt(self, action: Callable[[], Result]) -> Result:
        if time.monotonic() < self._down_until:
            raise BackendUnavailable
        try:
            for key in tuple(self._to_forget):
                self._start_generation(key)
                self._to_forget.discard(key)
            with REDIS_SECONDS.time():
                result = action()
        except self._error as error:
            self._mark_down(error)
            raise BackendUnavailable from error
        self._outage.answers()
        return result

    def _mark_down(self, error: Exception) -> None:
        self._down_until = time.monotonic() + RETRY_AFTER_FAILURE
        self._outage.fails(error)
