"""Cached lists as JSON: what comes from a shared server is read as data, never executed."""

import json
from typing import Any

from pydantic import BaseModel, TypeAdapter

from pbf.cache.entries import CachedList


class ListSerializer:
    """Converts cached lists of some models to bytes and back, for a shared backend."""

    def __init__(self, *models: type[BaseModel]) -> None:
        """Support lists of these models."""
        self._lists: dict[str, TypeAdapter[Any]] = {
            model.__name__: TypeAdapter(tuple[model, ...])  # type: ignore[valid-type]
            for model in models
        }

    def dumps(self, value: CachedList[Any]) -> bytes:
        """Return a cached list as bytes."""
        kind = type(value.items[0]).__name__ if value.items else next(iter(self._lists))
        head = json.dumps([kind, value.revision, value.fetched_at, value.lifetime, value.unread])
        return b"\n".join((head.encode(), self._lists[kind].dump_json(value.items)))

    def loads(self, data: bytes) -> CachedList[Any]:
        """Return the list; raise ValueError if another version of this program wrote it."""
        first_line, _, rest = data.partition(b"\n")
        kind, revision, fetched_at, lifetime, unread = json.loads(first_line)
        if kind not in self._lists:
            raise ValueError(f"{kind} is not a supported model")
        items = self._lists[kind].validate_json(rest)
        return CachedList(items, revision, fetched_at, lifetime, unread=unread)
