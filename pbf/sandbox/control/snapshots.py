"""The whole world as bytes, so that two worlds can be compared."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pbf.sandbox.core.world import World

# What is told elsewhere, is not part of the state, or is nobody's business.
APART = frozenset(
    {
        *("clock", "lock", "control", "observer", "assumptions"),
        *("card_secret", "api_key", "api_secret"),
    }
)


def snapshot(world: "World") -> bytes:
    """Return everything that the world remembers, and its time, as JSON.

    Raises TypeError where an attribute of the world is of a type that nothing here can tell.
    """
    state: dict[str, Any] = {"now": world.clock()}
    for name, value in vars(world).items():
        if name not in APART and not name.startswith("_by_"):
            state[name] = plain(value)
    return json.dumps(state, separators=(",", ":")).encode()


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it, without secrets and caches (fields not to compare)."""
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    if value is None or isinstance(value, (str, int, float)):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        kept = [each.name for each in fields(value) if each.compare]
        return {name: plain(getattr(value, name)) for name in kept if name != "secret"}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, deque)):
        return [plain(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(each) for each in value), key=repr)
    if isinstance(value, bytes):
        return value.hex()
    told = getattr(value, "snapshot", None)
    if told is None:
        raise TypeError(f"a snapshot cannot hold a {type(value).__name__}")
    return plain(told())
