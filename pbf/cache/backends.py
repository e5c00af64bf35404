"""Cache backends: this process's memory, or a Redis that several processes share.

Each key has a generation, a tag that changes when the key is forgotten. A response requested
before that is stored under the old tag, which nobody reads, so no process has to be interrupted.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from dogpile.cache import make_region
from dogpile.cache.api import NO_VALUE, CantDeserializeException
from dogpile.cache.proxy import ProxyBackend
from dogpile.cache.region import CacheRegion

Result = TypeVar("Result")

# How long a process serves its own copy without checking Redis, in seconds.
RECHECK = 0.5
# Redis is there to save time, so waiting for it is short.
REDIS_TIMEOUT = 1.0
RETRY_AFTER_FAILURE = 5.0
EXPIRY = 24 * 3600
# How long a process that dies during a request blocks the others.
LOCK_TIMEOUT = 60
LOCK_POLL = 0.05

log = logging.getLogger(__name__)


class BackendUnavailable(Exception):
    """Redis does not respond, so the caller continues without it."""


class Serializer(Protocol):
    """Converts values to bytes and back."""

    def dumps(self, value: Any) -> bytes:
        """Return the value as bytes."""

    def loads(self, data: bytes) -> Any:
        """Return the value; raise ValueError if another version of this program wrote it."""


class CacheBackend:
    """Values by key and generation, in this process's memory."""

    recheck = math.inf

    def __init__(self, region: CacheRegion | None = None) -> None:
        """Start empty."""
        self._region = region or make_region().configure("dogpile.cache.memory")

    def generation(self, key: str) -> str:
        """Return the tag that changes when the key is forgotten."""
        return str(self._get(f"generation:{key}") or "")

    def read(self, key: str) -> tuple[str, Any]:
        """Return the generation and its value, or None for no value."""
        generation = self.generation(key)
        return generation, self._get(f"{key}@{generation}")

    def put(self, key: str, generation: str, value: object) -> None:
        """Store a value, unless the key was forgotten since the generation was read."""
        self._region.set(f"{key}@{generation}", value)
        if self.generation(key) != generation:
            self.delete(key, generation)

    def delete(self, key: str, generation: str) -> None:
        """Delete a value."""
        self._region.delete(f"{key}@{generation}")

    def evict(self, key: str, generation: str) -> None:
        """Delete a value that this process evicts from its memory."""
        self.delete(key, generation)

    def forget(self, key: str) -> None:
        """Start a new generation."""
        old = self.generation(key)
        self._region.set(f"generation:{key}", uuid4().hex)
        self.delete(key, old)

    def lock(self, key: str) -> AbstractContextManager[object]:
        """Keep other processes from requesting the same key at the same time."""
        return nullcontext(key)

    def close(self) -> None:
        """Close connections."""

    def _get(self, name: str) -> Any:
        value = self._region.get(name, ignore_expiration=True)
        return None if value is NO_VALUE else value


class RedisBackend(CacheBackend):
    """Values in a shared Redis; every method raises BackendUnavailable while Redis is down."""

    recheck = RECHECK

    def __init__(self, url: str, *, prefix: str, serializer: Serializer) -> None:
        """Use the keys under a prefix at a Redis URL; connect at the first use."""
        from redis import RedisError

        super().__init__(_redis_region(url, prefix, serializer))
        self._shared = CacheBackend(self._region)
        self._prefix = prefix
        self._error = RedisError
        self._lock = threading.Lock()
        self._down_until = 0.0
        self._reported = False
        self._to_forget: set[str] = set()

    def generation(self, key: str) -> str:
        """Return the tag that changes when any process forgets the key."""
        return self._attempt(lambda: self._shared.generation(key))

    def read(self, key: str) -> tuple[str, Any]:
        """Return the generation and its value, or None for no value."""
        return self._attempt(lambda: self._shared.read(key))

    def put(self, key: str, generation: str, value: object) -> None:
        """Store a value, unless the key was forgotten since the generation was read."""
        self._attempt(lambda: self._shared.put(key, generation, value))

    def delete(self, key: str, generation: str) -> None:
        """Delete a value."""
        self._attempt(lambda: self._shared.delete(key, generation))

    def evict(self, key: str, generation: str) -> None:
        """Leave the value to the other processes; it expires."""

    def forget(self, key: str) -> None:
        """Start a new generation; if Redis is down, do so once it is back."""
        with self._lock:
            self._to_forget.add(key)
        self._attempt(lambda: None)

    def close(self) -> None:
        """Close the connections to Redis."""
        self._region.actual_backend.writer_client.close()

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Keep other processes from requesting the same key at the same time."""
        mutex = self._region.backend.get_mutex(f"{self._prefix}:{key}")
        self._attempt(mutex.acquire)
        try:
            yield
        finally:
            # A lock that timed out belongs to another process by now.
            with suppress(self._error):
                mutex.release()

    def _attempt(self, action: Callable[[], Result]) -> Result:
        if time.monotonic() < self._down_until:
            raise BackendUnavailable
        try:
            for key in tuple(self._to_forget):
                self._shared.forget(key)
                self._to_forget.discard(key)
            result = action()
        except self._error as error:
            self._mark_down(error)
            raise BackendUnavailable from error
        if self._reported:
            log.warning("Redis answers again.")
            self._reported = False
        return result

    def _mark_down(self, error: Exception) -> None:
        with self._lock:
            self._down_until = time.monotonic() + RETRY_AFTER_FAILURE
            reported, self._reported = self._reported, True
        if not reported:
            # The error's text may quote the URL with its password; the type does not.
            log.warning(
                "Redis does not answer (%s). Until it does, this process calls Fivetran itself.",
                type(error).__name__,
            )


class _Expiring(ProxyBackend):
    """Sets an expiry on values; dogpile's own option makes a call that redis deprecates."""

    def set_serialized(self, key: str, value: Any) -> None:
        """Store bytes for a day."""
        backend: Any = self.proxied
        backend.writer_client.set(key, value, ex=EXPIRY)


def _redis_region(url: str, prefix: str, serializer: Serializer) -> CacheRegion:
    def loads(data: bytes) -> Any:
        try:
            return serializer.loads(data)
        except ValueError as exc:
            raise CantDeserializeException from exc

    return make_region(
        key_mangler=lambda name: f"{prefix}:{name}", serializer=serializer.dumps, deserializer=loads
    ).configure(
        "dogpile.cache.redis",
        arguments={
            "url": url,
            "distributed_lock": True,
            "thread_local_lock": False,
            "lock_timeout": LOCK_TIMEOUT,
            "lock_sleep": LOCK_POLL,
            "socket_timeout": REDIS_TIMEOUT,
            "socket_connect_timeout": REDIS_TIMEOUT,
        },
        wrap=[_Expiring],
    )
