"""Answers as JSON: what lies on a shared server is read as data, never run."""

import json
from typing import Any

from pydantic import BaseModel, TypeAdapter

from pbf.cache.entries import CachedList


class ListSerializer:
    """Turns lists of some models into bytes and back, for a shelf that processes share."""

    def __init__(self, *models: type[BaseModel]) -> None:
        """Know the models that answers are lists of."""
        self._lists: dict[str, TypeAdapter[Any]] = {
            model.__name__: TypeAdapter(tuple[model, ...])  # type: ignore[valid-type]
            for model in models
        }

    def dumps(self, value: Any) -> bytes:
        """Return an answer, or a plain string, as bytes."""
        if not isinstance(value, CachedList):
            return json.dumps(value).encode()
        kind = type(value.items[0]).__name__ if value.items else next(iter(self._lists))
        head = json.dumps([kind, value.revision, value.fetched_at, value.lifetime, value.unread])
        return b"\n".join((head.encode(), self._lists[kind].dump_json(value.items)))

    def loads(self, data: bytes) -> Any:
        """Return what the bytes hold; raise ValueError if another version of us wrote them."""
        head, _, items = data.partition(b"\n")
        said = json.loads(head)
        if isinstance(said, str):
            return said
        kind, revision, fetched_at, lifetime, unread = said
        if kind not in self._lists:
            raise ValueError(f"no list of {kind} is known")
        read = self._lists[kind].validate_json(items)
        return CachedList(read, revision, fetched_at, lifetime, unread=unread)
