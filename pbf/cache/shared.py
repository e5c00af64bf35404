"""The shared cache: one answer for all sessions, one request at a time per key.

An answer is fresh for its lifetime, which is settled when it is made. After that it is still given
out, while one thread behind the scenes asks again; only where it is long out of date or was
forgotten is a newer one waited for, and not for long. A failure counts as the answer for a few
seconds, so that callers who waited for it do not ask one after the other. The last known answer
stands in, marked with the problem, until asking works again; a refusal, such as that of a key that
was taken away, ends it.

Every request runs in a thread that nobody waits for at the end, so that a Fivetran that hangs does
not keep the process alive.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pbf.cache.backends import BackendUnavailable, CacheBackend
from pbf.cache.entries import (
    CachedFailure,
    CachedList,
    Item,
    PartialList,
    fingerprint,
    keep_newest,
    stand_in,
)
from pbf.errors import ApiError, ConnectionFailed, TimedOut

__all__ = ["CachedList", "PartialList", "SharedCache"]

# An answer this many lifetimes old is not given out while a newer one can be had.
LONG_OUT_OF_DATE = 5
# A caller with any former answer waits so many seconds for a newer one; Fivetran may take a minute
# to fail.
LONGEST_WAIT = 3.0
# The most keys that are kept. A catalogue has about 800 services.
MOST_KEYS = 2048

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Known:
    """An answer as this process has it, and when it last looked if it still holds."""

    answer: CachedList[Any]
    generation: str | None
    checked: float


class SharedCache:
    """Lists by key, shared by all threads, and by all processes with the same backend."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        backend: CacheBackend | None = None,
        most: int = MOST_KEYS,
    ) -> None:
        """Start with what lies on the backend; by default an empty one of this process's own.

        At most `most` keys are kept; beyond that, those that were asked for longest ago go.
        """
        self._clock = clock
        self._most = most
        self._backend = backend or CacheBackend()
        self._known: dict[str, _Known] = {}
        # What was known when it was forgotten: better than nothing while Fivetran is away.
        self._former: dict[str, CachedList[Any]] = {}
        self._failures: dict[str, CachedFailure] = {}
        self._flights: dict[str, Future[CachedList[Any]]] = {}
        self._closed = False
        # Guards the five above: who lands, joins or forgets does all of it at once.
        self._lock = threading.RLock()

    def get(
        self,
        key: str,
        fetch: Callable[[], Sequence[Item]],
        *,
        lifetime: Callable[[Sequence[Item]], float],
        patience: float | None = None,
    ) -> CachedList[Item]:
        """Return the answer for a key, calling `fetch` if there is none or it is old.

        With no former answer, wait for the first one for `patience` seconds, by default without a
        limit. Raises the ApiError of `fetch` if there is no answer to stand in.
        """
        now = self._clock()
        known = self._at_hand(key, now)
        answer: CachedList[Item] | None = known.answer if known else None
        failure = self._failures.get(key)
        last: CachedList[Item] | None = answer or self._former.get(key)
        if failure and failure.counts(now, stand_in=last is not None):
            return stand_in(last, failure)
        age = now - answer.fetched_at if answer else 0.0
        if answer and age <= answer.lifetime:
            return answer
        flight = self._join(key, fetch, lifetime, seen=(known, failure))
        if flight is None:
            return self.get(key, fetch, lifetime=lifetime, patience=patience)
        if (last or patience is not None) and failure and failure.was_lately(now):
            return stand_in(last, failure)
        if answer and age <= answer.lifetime * LONG_OUT_OF_DATE:
            return stand_in(answer, failure) if failure else answer
        try:
            newer = flight.result(LONGEST_WAIT if last else patience)
        except TimeoutError:
            return stand_in(last, self._overdue(key, flight))
        except ApiError as error:
            return stand_in(last, CachedFailure(error, now))
        if answer is None and self._clock() - newer.fetched_at > newer.lifetime * LONG_OUT_OF_DATE:
            # It lay on the backend.
            return self.get(key, fetch, lifetime=lifetime, patience=patience)
        return newer

    def is_available(self, key: str) -> bool:
        """Whether there is an answer for which nobody has to wait."""
        known = self._known.get(key)
        if known is None:
            return False
        age = self._clock() - known.answer.fetched_at
        return age <= known.answer.lifetime * LONG_OUT_OF_DATE

    def forget(self, key: str) -> None:
        """Ask anew at the next call, even where a request from before is still under way."""
        with suppress(BackendUnavailable):
            self._backend.forget(key)
        with self._lock:
            self._put_away(key)
            self._failures.pop(key, None)
            self._flights.pop(key, None)

    def close(self) -> None:
        """Stop asking, and free those who wait."""
        with self._lock:
            self._closed = True
            flights = tuple(self._flights.values())
            self._flights.clear()
        for flight in flights:
            _end(flight, error=_closing())
        self._backend.close()

    def _at_hand(self, key: str, now: float) -> _Known | None:
        """Return what this process knows, if no other one has made it forget that."""
        known = self._known.get(key)
        if known is None or now - known.checked < self._backend.recheck:
            return known
        known.checked = now  # other threads need not look meanwhile
        try:
            holds = self._backend.generation(key) == known.generation
        except BackendUnavailable:
            holds = True
        if holds:
            return known
        with self._lock:
            if self._known.get(key) is known:
                self._put_away(key)
                self._flights.pop(key, None)
        return self._known.get(key)

    def _put_away(self, key: str) -> None:
        if known := self._known.pop(key, None):
            keep_newest(self._former, key, known.answer, self._most)

    def _join(
        self,
        key: str,
        fetch: Callable[[], Sequence[Item]],
        lifetime: Callable[[Sequence[Item]], float],
        *,
        seen: tuple[_Known | None, CachedFailure | None],
    ) -> "Future[CachedList[Item]] | None":
        """Return the request that is under way or begins now; None if one has come back since."""
        with self._lock:
            if seen != (self._known.get(key), self._failures.get(key)):
                return None
            if flight := self._flights.get(key):
                return flight
            flight = Future()
            if self._closed:
                flight.set_exception(_closing())
                return flight
            self._flights[key] = flight
        before = seen[0].answer if seen[0] else None
        threading.Thread(
            target=self._fly,
            args=(flight, key, before, lambda: self._ask(fetch, lifetime)),
            name=f"ask {key}",
            daemon=True,
        ).start()
        return flight

    def _fly(
        self,
        flight: "Future[CachedList[Any]]",
        key: str,
        before: CachedList[Any] | None,
        ask: Callable[[], CachedList[Any]],
    ) -> None:
        try:
            known = self._newer(key, before, ask)
        except ApiError as error:
            self._land(flight, key, CachedFailure(error, self._clock()))
        except Exception as error:
            log.exception("Asking for %s failed", key)
            self._land(flight, key, None)
            _end(flight, error=error)
        else:
            self._land(flight, key, known)

    def _newer(
        self, key: str, before: CachedList[Any] | None, ask: Callable[[], CachedList[Any]]
    ) -> _Known:
        """Return an answer newer than the one from before: another process's, or one asked for."""

        def found() -> tuple[str, _Known | None]:
            generation, answer = self._backend.read(key)
            if answer and (before is None or answer.fetched_at > before.fetched_at):
                return generation, _Known(answer, generation, self._clock())
            return generation, None

        made = None
        with suppress(BackendUnavailable):
            if others := found()[1]:
                return others
            with self._backend.alone(key):
                generation, others = found()
                if others:
                    return others
                made = ask()
                self._backend.keep(key, generation, made)
                return _Known(made, generation, self._clock())
        return _Known(made or ask(), None, self._clock())

    def _ask(
        self, fetch: Callable[[], Sequence[Item]], lifetime: Callable[[Sequence[Item]], float]
    ) -> CachedList[Item]:
        found = fetch()
        items, unread = tuple(found), getattr(found, "unread", 0)
        return CachedList(items, fingerprint(items), self._clock(), lifetime(items), unread=unread)

    def _land(
        self, flight: "Future[CachedList[Any]]", key: str, brought: _Known | CachedFailure | None
    ) -> None:
        """Keep what a request brought, unless the key was forgotten meanwhile."""
        left_out: dict[str, _Known] = {}
        with self._lock:
            if self._flights.get(key) is flight:
                del self._flights[key]
                if isinstance(brought, _Known):
                    left_out = keep_newest(self._known, key, brought, self._most)
                    self._former.pop(key, None)
                    self._failures.pop(key, None)
                elif brought:
                    self._note_failure(key, brought)
        for other, known in left_out.items():
            with suppress(BackendUnavailable):
                self._backend.let_go(other, known.generation or "")
        if isinstance(brought, _Known):
            _end(flight, answer=brought.answer)
        elif brought:
            _end(flight, error=brought.error)

    def _overdue(self, key: str, flight: "Future[CachedList[Any]]") -> CachedFailure:
        """Note that a request takes so long that nobody else shall wait for it."""
        failure = CachedFailure(TimedOut("Fivetran takes long to answer."), self._clock())
        with self._lock:
            if self._flights.get(key) is flight:
                self._note_failure(key, failure)
        return failure

    def _note_failure(self, key: str, failure: CachedFailure) -> None:
        for other in [other for other in self._failures if other not in self._known]:
            if not self._failures[other].counts(failure.at, stand_in=False):
                del self._failures[other]
        keep_newest(self._failures, key, failure, self._most)
        if failure.hides_what_is_known:
            self._former.pop(key, None)
        if failure.hides_what_is_known and (known := self._known.pop(key, None)):
            with suppress(BackendUnavailable):
                self._backend.drop(key, known.generation or "")


def _end(
    flight: "Future[CachedList[Any]]",
    *,
    answer: CachedList[Any] | None = None,
    error: Exception | None = None,
) -> None:
    with suppress(InvalidStateError):  # the cache was closed
        if error:
            flight.set_exception(error)
        elif answer:
            flight.set_result(answer)


def _closing() -> ConnectionFailed:
    return ConnectionFailed("The server is being stopped. Try again in a moment.")
