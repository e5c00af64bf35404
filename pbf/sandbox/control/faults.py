"""Faults that a test or a demo orders: which requests go wrong, and how."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any

from pbf.sandbox.core.errors import InvalidInput, NotFound
from pbf.sandbox.core.ids import IdMaker

KINDS: Mapping[str, str] = {
    "delay": "answers after so many seconds",
    "429": "refuses: too many requests, with Retry-After",
    "500": "answers 500",
    "502": "answers 502",
    "504": "answers 504",
    "refuse": "resets the connection at once",
    "drop": "closes the connection without an answer, the work not done",
    "late_500": "does the work, then answers 500",
    "lost_answer": "does the work, then closes the connection without an answer",
    "cut": "sends the first half of the answer, then closes the connection",
    "html": "answers 200 with a page of HTML",
    "trickle": "sends the answer in drops, over so many seconds",
    "card_expired": "tells that the Connect Card's link has expired",
    "card_unknown": "tells that the Connect Card's link opens nothing",
}
CARD_KINDS = frozenset({"card_expired", "card_unknown"})
WIRE_KINDS = frozenset({"refuse", "drop", "lost_answer", "cut", "trickle"})
METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"})
LONGEST = 600.0
LONGEST_PATH = 1_000
MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Order:
    """What goes wrong, for which requests, and for how many of them."""

    kind: str
    method: str | None = None
    path: str = "/**"
    times: int | None = 1
    share: float = 1.0
    seconds: float = 1.0
    retry_after: int = 30


@dataclass(slots=True)
class Fault:
    """One order, with how many requests it fitted and how many it struck."""

    id: str
    order: Order
    matched: int = 0
    struck: int = field(default=0)

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as was ordered."""
        return self.order.times is not None and self.struck >= self.order.times

    def public(self) -> dict[str, Any]:
        """Return the fault as control shows it."""
        counts = {"matched": self.matched, "struck": self.struck}
        return {"id": self.id, **asdict(self.order), **counts}


@lru_cache(maxsize=256)
def pattern(path: str) -> re.Pattern[str]:
    """Return the expression for a path in which `*` is within a segment and `**` is anything."""
    parts = re.split(r"(\*\*|\*)", path.rstrip("/") or "/")
    wild = {"*": "[^/]*", "**": ".*"}
    return re.compile("".join(wild.get(part) or re.escape(part) for part in parts) + "/?")


class Faults:
    """The faults in order; each request is struck by the first that fits it, or by none."""

    def __init__(self, seed: int) -> None:
        """Start without a fault; the seed decides which requests a share strikes."""
        self._lock = Lock()
        self.begin(seed)

    def begin(self, seed: int) -> None:
        """Begin anew, without a fault."""
        with self._lock:
            self._chance = IdMaker(seed)
            self._count = 0
            self._faults: dict[str, Fault] = {}

    def order(self, order: Order) -> Fault:
        """Take an order; it strikes until it is spent or cleared."""
        with self._lock:
            self._count += 1
            fault = Fault(f"fault-{self._count}", order)
            self._faults[fault.id] = fault
            return fault

    def clear(self, fault_id: str | None = None) -> None:
        """Take back one fault, or all."""
        with self._lock:
            if fault_id is None:
                self._faults.clear()
            elif self._faults.pop(fault_id, None) is None:
                raise NotFound.of("Fault", fault_id)

    def listed(self) -> list[dict[str, Any]]:
        """Return the faults that may still strike."""
        with self._lock:
            return [fault.public() for fault in self._faults.values()]

    def strike(self, method: str, path: str) -> Order | None:
        """Return the order that this request falls to, if any, and count it."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults.values():
                if self._hits(fault, method, path):
                    fault.struck += 1
                    if fault.spent:
                        del self._faults[fault.id]
                    return fault.order
        return None

    def _hits(self, fault: Fault, method: str, path: str) -> bool:
        order = fault.order
        # A path with several wildcards is compared in more than linear time.
        if len(path) > LONGEST_PATH:
            return False
        if order.method not in (None, method) or not pattern(order.path).fullmatch(path):
            return False
        fault.matched += 1
        chance = self._chance.number(f"{fault.id}:{fault.matched}", MOST)
        return chance < order.share * MOST

    def snapshot(self) -> dict[str, Any]:
        """Return the faults and how many were ordered."""
        return {"ordered": self._count, "faults": self.listed()}


def read_order(body: Mapping[str, Any]) -> Order:
    """Return the order that a body describes, or say what is wrong with it."""
    unknown = sorted(body.keys() - Order.__dataclass_fields__.keys())
    if unknown:
        raise InvalidInput(f"Unknown field '{unknown[0]}'")
    given = {key: value for key, value in body.items() if value is not None}
    kind = given["kind"] = str(given.get("kind", ""))
    if kind not in KINDS:
        raise InvalidInput(f"Field 'kind' must be one of {', '.join(KINDS)}")
    if "method" in given:
        given["method"] = str(given["method"]).upper()
        if given["method"] not in METHODS:
            raise InvalidInput("Invalid 'method' value")
    path = given.setdefault("path", "/connect-card/*" if kind in CARD_KINDS else "/**")
    if not isinstance(path, str) or not path.startswith("/") or len(path) > 200:
        raise InvalidInput("Field 'path' must begin with '/'")
    if "share" in given:
        given.setdefault("times", None)
    for name, least, most, whole in (
        ("times", 1, MOST, True),
        ("share", 0.0, 1.0, False),
        ("seconds", 0.0, LONGEST, False),
        ("retry_after", 0, 86400, True),
    ):
        _check(given, name, least, most, whole=whole)
    return Order(**given)


def _check(given: dict[str, Any], name: str, least: float, most: float, *, whole: bool) -> None:
    value = given.get(name)
    if value is None:
        return
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
        noun = "a whole number" if whole else "a number"
        raise InvalidInput(f"Field '{name}' must be {noun} from {least:g} to {most:g}")
