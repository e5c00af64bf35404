"""Whether the process is ready: its settings, its migrations, its first lists, its dependencies."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pbf.connectors.portal import Portal
from pbf.errors import ConfigurationError, PbfError, StoreFailed
from pbf.store.migrations import HEAD

if TYPE_CHECKING:
    from pbf.runtime import Runtime

State = Literal["ok", "away", "unknown"]
NO_LISTS = "The first lists have not been read from Fivetran yet."
OLD_TABLES = (
    "The tables of the database are older than this version. Start a process to migrate them."
)


@dataclass(frozen=True)
class DependencyState:
    """Whether a dependency answers, and when it last did, by the monotonic clock."""

    state: State
    answered_at: float | None


@dataclass(frozen=True)
class Readiness:
    """What a look found; `problems` are sentences, and without any the process is ready.

    `audit_waiting` is how many entries of the audit log wait for the database.
    """

    problems: tuple[str, ...]
    dependencies: Mapping[str, DependencyState]
    looked_at: float
    audit_waiting: int = 0

    @property
    def is_ready(self) -> bool:
        """Whether requests can be answered, if only from what is cached."""
        return not self.problems

    def document(self) -> dict[str, object]:
        """Return the result as JSON; ages are in seconds, null for what has never answered."""
        now = time.monotonic()
        away = any(dependency.state == "away" for dependency in self.dependencies.values())
        status = "unavailable" if self.problems else "degraded" if away else "ready"
        return {
            "status": status,
            "problems": list(self.problems),
            "looked": round(now - self.looked_at, 1),
            "audit": {"waiting": self.audit_waiting},
            "dependencies": {
                name: {"state": dependency.state, "answered": _age(dependency.answered_at, now)}
                for name, dependency in self.dependencies.items()
            },
        }


class ReadinessCheck:
    """Looks at the runtime; asks the database and Redis, and knows Fivetran by its last call."""

    def __init__(self, open_runtime: "Callable[[], Runtime]") -> None:
        """Look at the runtime that `open_runtime` returns."""
        self._open = open_runtime
        self._answered: dict[str, float] = {}
        self._has_lists = False
        self._warm_up: threading.Thread | None = None

    def __call__(self) -> Readiness:
        """Look once."""
        try:
            runtime = self._open()
        except (ConfigurationError, StoreFailed) as error:
            return Readiness((str(error),), {}, time.monotonic())
        problems, dependencies = [], {}
        try:
            if runtime.store.version() < HEAD:
                problems.append(OLD_TABLES)
            dependencies["database"] = self._asked("database", answers=True)
        except StoreFailed:
            dependencies["database"] = self._asked("database", answers=False)
        if (answers := runtime.cache.backend_answers()) is not None:
            dependencies["redis"] = self._asked("redis", answers=answers)
        if not self._read_first_lists(runtime):
            problems.append(NO_LISTS)
        dependencies["fivetran"] = _fivetran(runtime)
        waiting = runtime.store.audit.waiting()
        return Readiness(tuple(problems), dependencies, time.monotonic(), waiting)

    def _asked(self, name: str, *, answers: bool) -> DependencyState:
        if answers:
            self._answered[name] = time.monotonic()
        return DependencyState("ok" if answers else "away", self._answered.get(name))

    def _read_first_lists(self, runtime: "Runtime") -> bool:
        """Return whether the lists were there once; if not, have them read in a thread."""
        portal = next(runtime.portals.all(), None)
        if self._has_lists or portal is None:
            return True
        self._has_lists = portal.services_available and portal.connectors_available
        if not self._has_lists and not (self._warm_up and self._warm_up.is_alive()):
            self._warm_up = threading.Thread(target=_read, args=(portal,), daemon=True)
            self._warm_up.start()
        return self._has_lists


def _read(portal: Portal) -> None:
    with suppress(PbfError):  # pages and routes report it, and the next look reads again
        portal.services()
        portal.connectors()


def _fivetran(runtime: "Runtime") -> DependencyState:
    latest = runtime.client.latest
    if latest.answered_at is None and latest.failed_at is None:
        return DependencyState("unknown", None)
    is_away = (latest.failed_at or 0.0) > (latest.answered_at or 0.0)
    return DependencyState("away" if is_away else "ok", latest.answered_at)


def _age(moment: float | None, now: float) -> float | None:
    return None if moment is None else round(now - moment, 1)
