"""The whole state of a world as bytes, so that two worlds can be compared."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any

from pbf.sandbox.core.world import World

# Attributes that are no part of the state, are included otherwise, or are secret.
EXCLUDED = frozenset(
    {
        *("clock", "lock", "control", "observer", "assumptions"),
        *("card_secret", "api_key", "api_secret"),
    }
)


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
