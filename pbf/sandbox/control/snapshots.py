"""The whole state of a world: as JSON, to compare two worlds, and copies to return to."""

import json
import pickle
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, is_dataclass
from math import isfinite
from typing import Annotated, Any, Protocol, runtime_checkable

from pydantic import Field

from pbf.sandbox.core.clock import stamp
from pbf.sandbox.core.errors import Conflict, NotFound
from pbf.sandbox.core.world import World

# Attributes that a world keeps for its whole life; the observer is its webhooks.
PERMANENT = frozenset({"lock", "control", "observer", "assumptions", "api_key", "api_secret"})
# Attributes that the JSON includes otherwise, or that are secret.
EXCLUDED = PERMANENT | {"clock", "card_secret"}
MOST_SNAPSHOTS = 20
Name = Annotated[str, Field(pattern="^[A-Za-z0-9][A-Za-z0-9 ._-]*$", max_length=60)]


@runtime_checkable
class Part(Protocol):
    """A part of a world that is no plain data, since it has a lock or a thread."""

    def saved(self) -> Any:
        """Return its state as plain data."""

    def restore(self, saved: Any) -> None:
        """Take a state that `saved` returned."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A world at a time: its attributes and the scenario's state, pickled."""

    now: float
    connectors: int
    state: bytes
    player: Any


class Snapshots:
    """Snapshots of a world in memory, by name; they outlive a reset of the world."""

    def __init__(self, world: World) -> None:
        """Start without snapshots."""
        self._world = world
        self._saved: dict[str, Saved] = {}

    def save(self, name: str, player: Part | None) -> None:
        """Take a snapshot; one of the same name is replaced."""
        world = self._world
        with world.lock:
            if name not in self._saved and len(self._saved) >= MOST_SNAPSHOTS:
                raise Conflict(f"There are {MOST_SNAPSHOTS} snapshots. Delete one first.")
            coming = player.saved() if player else None
            state = pickle.dumps((_parts(world, PERMANENT), coming))
            self._saved[name] = Saved(world.clock(), len(world.connections), state, player)

    def restore(self, name: str) -> Any:
        """Return the world to a snapshot, and return the player of its scenario, if any."""
        world = self._world
        with world.lock:
            saved = self._get(name)
            # Only bytes of `save` are loaded, and they never leave the process.
            parts, coming = pickle.loads(saved.state)  # noqa: S301
            _take(world, parts)
            if saved.player:
                saved.player.restore(coming)
            return saved.player

    def delete(self, name: str) -> None:
        """Delete a snapshot."""
        with self._world.lock:
            self._get(name)
            del self._saved[name]

    def names(self) -> set[str]:
        """Return the name of each."""
        with self._world.lock:
            return set(self._saved)

    def listed(self) -> list[dict[str, Any]]:
        """Return the name, the time and the number of connectors of each, the latest last."""
        with self._world.lock:
            return [
                {"name": name, "now": stamp(saved.now), "connectors": saved.connectors}
                for name, saved in self._saved.items()
            ]

    def _get(self, name: str) -> Saved:
        if name not in self._saved:
            raise NotFound.of("Snapshot", name)
        return self._saved[name]


# What a copy does not hold either. Ids are not issued again, and who receives events stays.
NOT_COPIED = EXCLUDED | {"ids", "seed", "faults", "webhooks"}


def copy_of(world: World) -> bytes:
    """Return a copy of a world's content, without its time, faults and webhooks."""
    with world.lock:
        return pickle.dumps(_parts(world, NOT_COPIED))


def restore(world: World, copy: bytes) -> None:
    """Give a world the content of a copy."""
    with world.lock:
        _take(world, pickle.loads(copy))  # noqa: S301 - only bytes of `copy_of`


def _parts(world: World, excluded: Collection[str]) -> dict[str, Any]:
    """Return the attributes of a world as plain data."""
    return {
        name: value.saved() if isinstance(value, Part) else value
        for name, value in vars(world).items()
        if name not in excluded
    }


def _take(world: World, parts: Mapping[str, Any]) -> None:
    """Give a world attributes that `_parts` returned."""
    for name, value in parts.items():
        part = getattr(world, name, None)
        if isinstance(part, Part):
            part.restore(value)
        else:
            setattr(world, name, value)


def snapshot(world: World) -> bytes:
    """Return the state of the world and its time as JSON.

    Raises TypeError for an attribute of a type that is not supported here.
    """
    with world.lock:
        state: dict[str, Any] = {"now": world.clock()}
        for name, value in vars(world).items():
            if name not in EXCLUDED and not name.startswith("_by_"):
                state[name] = plain(value)
    return json.dumps(state, separators=(",", ":")).encode()


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it, without secrets and caches (fields not compared)."""
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value) if field.compare]
        return {name: plain(getattr(value, name)) for name in names if name != "secret"}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, deque)):
        return [plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, bytes):
        return value.hex()
    take_snapshot = getattr(value, "snapshot", None)
    if take_snapshot is None:
        raise TypeError(f"a snapshot cannot hold a {type(value).__name__}")
    return plain(take_snapshot())
