"""Values that are derived from lists, for all sessions: as many as fit, the last used ones stay."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value")

# An entry costs something even if it was derived from an empty list.
LEAST_WEIGHT = 20


@dataclass(frozen=True, eq=False)
class Entry(Generic[Value]):
    """A value, the state that it was derived from, and its share of what may be kept."""

    state: Hashable
    weight: int
    value: Future[Value]


class DerivedCache(Generic[Value]):
    """Values by key, bounded by the length of the lists that they were derived from.

    A limit by number would keep too many long lists, or too few short ones. A key has one value, of
    the state that was asked for last. It is derived once, however many threads ask for it at the
    same time.
    """

    def __init__(self, most: int) -> None:
        """Keep values derived from `most` list items in all, and the last one in any case."""
        self._most = most
        self._lock = threading.Lock()
        self._entries: OrderedDict[Hashable, Entry[Value]] = OrderedDict()
        self._weight = 0

    def get(
        self, key: Hashable, state: Hashable, derive: Callable[[], Value], *, items: int
    ) -> Value:
        """Return the value of a key in a state, derived from so many list items if it is not kept.

        An error reaches all who wait, and is not kept.
        """
        with self._lock:
            entry = self._entries.get(key)
            is_new = entry is None or entry.state != state
            if entry is None or is_new:
                entry = Entry(state, max(items, LEAST_WEIGHT), Future())
                self._put(key, entry)
            self._entries.move_to_end(key)
        if is_new:
            self._derive(key, entry, derive)
        return entry.value.result()

    def last(self, key: Hashable) -> tuple[Hashable, Value] | None:
        """Return the state and the value that a key has now; None if it is not derived yet."""
        entry = self._entries.get(key)
        if entry is None or not entry.value.done() or entry.value.exception():
            return None
        return entry.state, entry.value.result()

    def __len__(self) -> int:
        """Return how many values are kept."""
        return len(self._entries)

    def _put(self, key: Hashable, entry: "Entry[Value]") -> None:
        self._drop(key)
        self._entries[key] = entry
        self._weight += entry.weight
        while self._weight > self._most and len(self._entries) > 1:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        if dropped := self._entries.pop(key, None):
            self._weight -= dropped.weight

    def _derive(self, key: Hashable, entry: "Entry[Value]", derive: Callable[[], Value]) -> None:
        try:
            entry.value.set_result(derive())
        except BaseException as error:
            with self._lock:
                if self._entries.get(key) is entry:
                    self._drop(key)
            entry.value.set_exception(error)
