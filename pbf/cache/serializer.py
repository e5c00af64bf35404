"""Cached lists as JSON: what comes from a shared server is read as data, never executed."""

import hashlib
import json
from typing import Any

import brotli
from pydantic import BaseModel, TypeAdapter

from pbf.cache.entries import CachedList

# 10,000 connectors of 5.4 MB take 330 kB and 5 ms; by zlib's lowest level, 410 kB and 13 ms.
QUALITY = 1
# Changes with the form in which lists are stored, as the hash of the models does with them.
FORMAT = "brotli"


class ListSerializer:
    """Converts cached lists of some models to bytes and back, for a shared backend.

    `shape` differs between versions of this program whose models differ.
    """

    def __init__(self, *models: type[BaseModel]) -> None:
        """Support lists of these models."""
        self._lists: dict[str, TypeAdapter[Any]] = {
            model.__name__: TypeAdapter(tuple[model, ...])  # type: ignore[valid-type]
            for model in models
        }
        schemas = [FORMAT, *(adapter.json_schema() for adapter in self._lists.values())]
        digest = hashlib.sha256(json.dumps(schemas, sort_keys=True).encode())
        self.shape = digest.hexdigest()[:12]

    def dumps(self, value: CachedList[Any]) -> bytes:
        """Return a cached list as bytes."""
        kind = type(value.items[0]).__name__ if value.items else next(iter(self._lists))
        head = json.dumps([kind, value.revision, value.fetched_at, value.lifetime, value.unread])
        data = b"\n".join((head.encode(), self._lists[kind].dump_json(value.items)))
        compressed: bytes = brotli.compress(data, quality=QUALITY)
        return compressed

    def loads(self, data: bytes) -> CachedList[Any]:
        """Return the list; raise ValueError if it is none that `dumps` has returned."""
        try:
            first_line, _, rest = brotli.decompress(data).partition(b"\n")
        except brotli.error as error:
            raise ValueError("the data is not compressed") from error
        kind, revision, fetched_at, lifetime, unread = json.loads(first_line)
        if kind not in self._lists:
            raise ValueError(f"{kind} is not a supported model")
        items = self._lists[kind].validate_json(rest)
        return CachedList(items, revision, fetched_at, lifetime, unread=unread)
