"""Where the shared cache's answers lie: in this process's memory, or in Redis for several.

A key has a generation: a mark that changes when the key is forgotten. What was asked for before
is kept under the old mark, where nobody looks, so that no process has to be told to stop.
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

# For how long a process gives out its own copy without a look at Redis.
RECHECK = 0.5
# Redis shall save a wait, not be one.
REDIS_TIMEOUT = 1.0
PAUSE_WHEN_DOWN = 5.0
KEPT_FOR = 24 * 3600
# A process that dies while it asks holds the others up for so long.
LONGEST_LOCK = 60
LOCK_POLL = 0.05

log = logging.getLogger(__name__)


class BackendUnavailable(Exception):
    """Redis does not answer, so the caller goes on without it."""


class Serializer(Protocol):
    """How a value becomes bytes and back."""

    def dumps(self, value: Any) -> bytes:
        """Return the value as bytes."""

    def loads(self, data: bytes) -> Any:
        """Return the value, or raise ValueError for what another version of this program kept."""


class CacheBackend:
    """Values by key and generation, in this process's memory."""

    recheck = math.inf

    def __init__(self, region: CacheRegion | None = None) -> None:
        """Start empty."""
        self._region = region or make_region().configure("dogpile.cache.memory")

    def generation(self, key: str) -> str:
        """Return the mark that changes when the key is forgotten."""
        return str(self._find(f"generation:{key}") or "")

    def read(self, key: str) -> tuple[str, Any]:
        """Return the generation, and the value kept under it or None."""
        generation = self.generation(key)
        return generation, self._find(f"{key}@{generation}")

    def keep(self, key: str, generation: str, value: object) -> None:
        """Keep a value, unless the key was forgotten since the generation was read."""
        self._region.set(f"{key}@{generation}", value)
        if self.generation(key) != generation:
            self.drop(key, generation)

    def drop(self, key: str, generation: str) -> None:
        """Keep a value no longer."""
        self._region.delete(f"{key}@{generation}")

    def let_go(self, key: str, generation: str) -> None:
        """Keep in this process's memory no longer what this process has no room for."""
        self.drop(key, generation)

    def forget(self, key: str) -> None:
        """Begin a new generation."""
        old = self.generation(key)
        self._region.set(f"generation:{key}", uuid4().hex)
        self.drop(key, old)

    def alone(self, key: str) -> AbstractContextManager[object]:
        """Keep the other processes from asking for a key at the same time."""
        return nullcontext(key)

    def close(self) -> None:
        """End what was opened."""

    def _find(self, name: str) -> Any:
        found = self._region.get(name, ignore_expiration=True)
        return None if found is NO_VALUE else found


class RedisBackend(CacheBackend):
    """Values that several processes share; methods raise BackendUnavailable without Redis."""

    recheck = RECHECK

    def __init__(self, url: str, *, prefix: str, serializer: Serializer) -> None:
        """Share what lies under a prefix at a Redis URL; nothing is asked before the first use."""
        from redis import RedisError

        super().__init__(_redis_region(url, prefix, serializer))
        self._shared = CacheBackend(self._region)
        self._prefix = prefix
        self._error = RedisError
        self._lock = threading.Lock()
        self._down_until = 0.0
        self._said = False
        self._to_forget: set[str] = set()

    def generation(self, key: str) -> str:
        """Return the mark that changes when the key is forgotten, in whatever process."""
        return self._try(lambda: self._shared.generation(key))

    def read(self, key: str) -> tuple[str, Any]:
        """Return the generation, and the value kept under it or None."""
        return self._try(lambda: self._shared.read(key))

    def keep(self, key: str, generation: str, value: object) -> None:
        """Keep a value, unless the key was forgotten since the generation was read."""
        self._try(lambda: self._shared.keep(key, generation, value))

    def drop(self, key: str, generation: str) -> None:
        """Keep a value no longer."""
        self._try(lambda: self._shared.drop(key, generation))

    def let_go(self, key: str, generation: str) -> None:
        """Leave it to the other processes; it ends by itself."""

    def forget(self, key: str) -> None:
        """Begin a new generation; where Redis is away, as soon as it is back."""
        with self._lock:
            self._to_forget.add(key)
        self._try(lambda: None)

    def close(self) -> None:
        """Close the connections to Redis."""
        self._region.actual_backend.writer_client.close()

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Keep the other processes from asking for a key at the same time."""
        mutex = self._region.backend.get_mutex(f"{self._prefix}:{key}")
        self._try(mutex.acquire)
        try:
            yield
        finally:
            # A lock that ended before its holder did is another's by now.
            with suppress(self._error):
                mutex.release()

    def _try(self, action: Callable[[], Result]) -> Result:
        if time.monotonic() < self._down_until:
            raise BackendUnavailable
        try:
            for key in tuple(self._to_forget):
                self._shared.forget(key)
                self._to_forget.discard(key)
            result = action()
        except self._error as error:
            self._note(error)
            raise BackendUnavailable from error
        if self._said:
            log.warning("Redis answers again.")
            self._said = False
        return result

    def _note(self, error: Exception) -> None:
        with self._lock:
            self._down_until = time.monotonic() + PAUSE_WHEN_DOWN
            first, self._said = not self._said, True
        if first:
            # The error's text may quote the address; its type may not.
            log.warning(
                "Redis does not answer (%s). Until it does, this process asks Fivetran by itself.",
                type(error).__name__,
            )


class _Expiring(ProxyBackend):
    """Lets values end by themselves; dogpile's own way is a call that redis warns of."""

    def set_serialized(self, key: str, value: Any) -> None:
        """Keep bytes for a day."""
        backend: Any = self.proxied
        backend.writer_client.set(key, value, ex=KEPT_FOR)


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
            "lock_timeout": LONGEST_LOCK,
            "lock_sleep": LOCK_POLL,
            "socket_timeout": REDIS_TIMEOUT,
            "socket_connect_timeout": REDIS_TIMEOUT,
        },
        wrap=[_Expiring],
    )
