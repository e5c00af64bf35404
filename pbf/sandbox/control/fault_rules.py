"""Injected faults: rules for which requests fail, and how."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Annotated, Any

from pydantic import BaseModel, Field, field_validator, model_validator

from pbf.sandbox.control.validation import CONFIG
from pbf.sandbox.core.errors import NotFound
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


class FaultRule(BaseModel):
    """What fails, for which requests, and for how many of them."""

    model_config = CONFIG

    kind: str
    method: str | None = None
    path: Annotated[str, Field(pattern="^/", max_length=200)]
    times: Annotated[int, Field(ge=1, le=MOST)] | None = 1
    share: Annotated[float, Field(ge=0, le=1)] = 1.0
    seconds: Annotated[float, Field(ge=0, le=LONGEST)] = 1.0
    retry_after: Annotated[int, Field(ge=0, le=86400)] = 30

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Return fields without nulls, with the defaults that depend on other fields."""
        given = {name: value for name, value in fields.items() if value is not None}
        path = "/connect-card/*" if given.get("kind") in CARD_KINDS else "/**"
        times = {"times": None} if "share" in given else {}
        return {"path": path, **times, **given}

    @field_validator("kind")
    @classmethod
    def _check_kind(cls, kind: str) -> str:
        if kind not in KINDS:
            raise ValueError(f"must be one of {', '.join(KINDS)}")
        return kind

    @field_validator("method")
    @classmethod
    def _check_method(cls, method: str) -> str:
        if method.upper() not in METHODS:
            raise ValueError(f"must be one of {', '.join(sorted(METHODS))}")
        return method.upper()


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
        return {"id": self.id, **self.rule.model_dump(), **counts}


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

    def replace(self, faults: Mapping[str, Fault]) -> dict[str, Fault]:
        """Put other faults in force, by their ids, and return those before."""
        with self._lock:
            before, self._faults = self._faults, dict(faults)
            return before

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

    def saved(self) -> tuple[IdMaker, int, dict[str, Fault]]:
        """Return all that decides which requests fail, for `restore`."""
        with self._lock:
            return self._chance, self._count, dict(self._faults)

    def restore(self, saved: tuple[IdMaker, int, dict[str, Fault]]) -> None:
        """Put the faults of a saved state in force."""
        with self._lock:
            self._chance, self._count, self._faults = saved
