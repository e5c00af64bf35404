"""Injected faults: rules for which requests fail, and how."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
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
    "drop": "closes the connection without an answer and without doing the work",
    "late_500": "does the work, then answers 500",
    "lost_answer": "does the work, then closes the connection without an answer",
    "cut": "sends the first half of the answer, then closes the connection",
    "html": "answers 200 with an HTML page",
    "trickle": "sends the answer in small pieces over so many seconds",
    "card_expired": "shows that the Connect Card link has expired",
    "card_unknown": "shows that the Connect Card link is not valid",
}
CARD_KINDS = frozenset({"card_expired", "card_unknown"})
SOCKET_KINDS = frozenset({"refuse", "drop", "lost_answer", "cut", "trickle"})
METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS"})
LONGEST = 600.0
LONGEST_PATH = 1_000
MOST = 1_000_000
NUMBERS = (
    ("times", 1, MOST, True),
    ("share", 0.0, 1.0, False),
    ("seconds", 0.0, LONGEST, False),
    ("retry_after", 0, 86400, True),
)
"""Numbers of a rule: name, smallest and largest value, and whether it is a whole number."""


@dataclass(frozen=True, slots=True)
class FaultRule:
    """What fails, for which requests, and for how many of them."""

    kind: str
    method: str | None = None
    path: str = "/**"
    times: int | None = 1
    share: float = 1.0
    seconds: float = 1.0
    retry_after: int = 30


@dataclass(slots=True)
class Fault:
    """A rule in force, with how many requests it matched and to how many it was applied."""

    id: str
    rule: FaultRule
    matched: int = 0
    applied: int = 0

    @property
    def exhausted(self) -> bool:
        """Whether the rule was applied as often as it allows."""
        return self.rule.times is not None and self.applied >= self.rule.times

    def public(self) -> dict[str, Any]:
        """Return the fault as control shows it."""
        counts = {"matched": self.matched, "struck": self.applied}
        return {"id": self.id, **asdict(self.rule), **counts}


@lru_cache(maxsize=256)
def pattern(path: str) -> re.Pattern[str]:
    """Return the expression for a path in which `*` is within a segment and `**` is anything."""
    parts = re.split(r"(\*\*|\*)", path.rstrip("/") or "/")
    wild = {"*": "[^/]*", "**": ".*"}
    return re.compile("".join(wild.get(part) or re.escape(part) for part in parts) + "/?")


class Faults:
    """The faults in force; the first one that matches a request is applied to it."""

    def __init__(self, seed: int) -> None:
        """Start without faults; the seed decides to which requests a share applies."""
        self._lock = Lock()
        self.restart(seed)

    def restart(self, seed: int) -> None:
        """Start again without faults."""
        with self._lock:
            self._chance = IdMaker(seed)
            self._count = 0
            self._faults: dict[str, Fault] = {}

    def add(self, rule: FaultRule) -> Fault:
        """Put a rule in force until it is exhausted or cleared."""
        with self._lock:
            self._count += 1
            fault = Fault(f"fault-{self._count}", rule)
            self._faults[fault.id] = fault
            return fault

    def clear(self, fault_id: str | None = None) -> None:
        """Remove one fault, or all."""
        with self._lock:
            if fault_id is None:
                self._faults.clear()
            elif self._faults.pop(fault_id, None) is None:
                raise NotFound.of("Fault", fault_id)

    def active(self) -> list[dict[str, Any]]:
        """Return the faults that may still be applied."""
        with self._lock:
            return [fault.public() for fault in self._faults.values()]

    def rule_for(self, method: str, path: str) -> FaultRule | None:
        """Return the rule that applies to a request, if any, and count it."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults.values():
                if self._applies(fault, method, path):
                    fault.applied += 1
                    if fault.exhausted:
                        del self._faults[fault.id]
                    return fault.rule
        return None

    def _applies(self, fault: Fault, method: str, path: str) -> bool:
        rule = fault.rule
        # A path with several wildcards is compared in more than linear time.
        if len(path) > LONGEST_PATH:
            return False
        if rule.method not in (None, method) or not pattern(rule.path).fullmatch(path):
            return False
        fault.matched += 1
        chance = self._chance.number(f"{fault.id}:{fault.matched}", MOST)
        return chance < rule.share * MOST

    def snapshot(self) -> dict[str, Any]:
        """Return the faults and how many were added."""
        return {"added": self._count, "faults": self.active()}


def parse_rule(body: Mapping[str, Any]) -> FaultRule:
    """Return the rule that a body describes; raise InvalidInput with what is wrong with it."""
    unknown = sorted(body.keys() - FaultRule.__dataclass_fields__.keys())
    if unknown:
        raise InvalidInput(f"Unknown field '{unknown[0]}'")
    fields = {key: value for key, value in body.items() if value is not None}
    kind = fields["kind"] = str(fields.get("kind", ""))
    if kind not in KINDS:
        raise InvalidInput(f"Field 'kind' must be one of {', '.join(KINDS)}")
    if "method" in fields:
        fields["method"] = str(fields["method"]).upper()
        if fields["method"] not in METHODS:
            raise InvalidInput("Invalid 'method' value")
    path = fields.setdefault("path", "/connect-card/*" if kind in CARD_KINDS else "/**")
    if not isinstance(path, str) or not path.startswith("/") or len(path) > 200:
        raise InvalidInput("Field 'path' must begin with '/'")
    if "share" in fields:
        fields.setdefault("times", None)
    for name, least, most, whole in NUMBERS:
        _check_number(fields, name, least, most, whole=whole)
    return FaultRule(**fields)


def _check_number(
    fields: dict[str, Any], name: str, least: float, most: float, *, whole: bool
) -> None:
    value = fields.get(name)
    if value is None:
        return
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
        noun = "a whole number" if whole else "a number"
        raise InvalidInput(f"Field '{name}' must be {noun} from {least:g} to {most:g}")
