"""Ids made of two English words, like Fivetran's, from a seed and a counter."""

import hashlib
from collections.abc import Container

from pbf.sandbox.catalogue.data_files import read_data


class IdMaker:
    """Makes ids, none of them twice; the same seed gives the same ids."""

    def __init__(self, seed: int) -> None:
        """Start from a seed."""
        self._seed = seed
        self._count = 0
        self._made: set[str] = set()

    def number(self, purpose: str, limit: int) -> int:
        """Return a number below the limit that depends on the seed and the purpose alone."""
        digest = hashlib.sha256(f"{self._seed}:{purpose}".encode()).digest()
        return int.from_bytes(digest[:8]) % limit

    def snapshot(self) -> dict[str, int]:
        """Return the seed and how many ids were made."""
        return {"seed": self._seed, "count": self._count}

    def make(self, taken: Container[str]) -> str:
        """Return a new id that is not taken: two words, or three if no pair is free."""
        words = read_data("id_words.json")
        firsts, seconds = words["first"], words["second"]
        for attempt in range(1000):
            self._count += 1
            number = self.number(f"id:{self._count}", 1 << 60)
            first = firsts[number % len(firsts)]
            number //= len(firsts)
            second = seconds[number % len(seconds)]
            third = firsts[number // len(seconds) % len(firsts)]
            name = f"{first}_{second}" if attempt < 4 else f"{first}_{third}_{second}"
            if name not in taken and name not in self._made:
                self._made.add(name)
                return name
        raise RuntimeError("no id left")
