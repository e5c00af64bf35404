"""Rate limits of the account's plan per kind of request, over rolling windows.

A request's method, path and body decide which limits it counts against.
"""

import re
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

MINUTE = 60.0
HOUR = 3600.0
# How long ago requests were made that use a limit up, as a share of its window.
USED_UP_AGO = 5 / 6

ALL = "requests"
SETUP_TESTS = "setup-test requests"
SOURCE = "source-interaction requests"
USERS = "user creations"
LINKS = "private link creations"

Body = Callable[[], Mapping[str, Any]]
TESTABLE = r"/v1/(?:connections|connectors|destinations)"
RUN_TESTS = re.compile(rf"{TESTABLE}/[^/]+/test/?")
CREATE = re.compile(rf"{TESTABLE}/?")
UPDATE = re.compile(rf"{TESTABLE}/[^/]+/?")
RELOAD = re.compile(r"/v1/(?:connections|connectors)/[^/]+/schemas/reload/?")
TABLES = re.compile(r"/v1/(?:connections|connectors)/.+/tables/")
CREATE_USER = re.compile(r"/v1/users/?")
CREATE_LINK = re.compile(r"/v1/private-links/?")


class Bound(NamedTuple):
    """The most requests of a kind in any window of so many seconds."""

    kind: str
    window: float
    most: int

    @property
    def period(self) -> str:
        """The window in words."""
        return "hourly" if self.window == HOUR else "in one minute"


# https://fivetran.com/docs/rest-api/rate-limiting
PLANS: Mapping[str, tuple[Bound, ...]] = {
    "trial": (
        Bound(ALL, HOUR, 500),
        Bound(SETUP_TESTS, HOUR, 50),
        Bound(SOURCE, MINUTE, 25),
        Bound(SOURCE, HOUR, 250),
        Bound(USERS, HOUR, 10),
        Bound(LINKS, HOUR, 1),
    ),
    "paid": (
        Bound(ALL, HOUR, 20_000),
        Bound(SETUP_TESTS, MINUTE, 250),
        Bound(SETUP_TESTS, HOUR, 2_500),
        Bound(SOURCE, MINUTE, 500),
        Bound(SOURCE, HOUR, 5_000),
        Bound(USERS, HOUR, 500),
        Bound(LINKS, HOUR, 5),
    ),
    "off": (),
}


class RollingLimit:
    """The requests of one window, never more than the bound allows."""

    def __init__(self, bound: Bound) -> None:
        """Start with an empty window."""
        self.bound = bound
        self._times: deque[float] = deque()

    def left(self, now: float) -> int:
        """Return how many more requests fit in the window that ends now."""
        while self._times and self._times[0] <= now - self.bound.window:
            self._times.popleft()
        return max(0, self.bound.most - len(self._times))

    def wait(self, now: float) -> float:
        """Return the seconds until the oldest request leaves the window."""
        oldest = self._times[0] if self._times else now
        return oldest + self.bound.window - now

    def add(self, now: float) -> None:
        """Count one request; a full window drops its oldest."""
        self._times.append(now)
        while len(self._times) > self.bound.most:
            self._times.popleft()

    def use_up(self, left: int, now: float) -> None:
        """Count requests of a while ago, so that only so many more fit; they leave it soon."""
        number = max(0, self.left(now) - left)
        at = now - USED_UP_AGO * self.bound.window
        self._times.extendleft([min([at, *self._times])] * number)

    def snapshot(self) -> dict[str, Any]:
        """Return the bound and the times of the counted requests."""
        return {**self.bound._asdict(), "times": list(self._times)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for a request: the hourly limit, what is left of it, and the limit exceeded."""

    limit: int | None
    left: int
    refused: Bound | None = None
    wait: int = 0


class Limits:
    """All limits of the account; the plan `off` counts nothing."""

    def __init__(self, plan: str = "paid") -> None:
        """Start with a plan: trial, paid or off."""
        self.plan = plan

    @property
    def plan(self) -> str:
        """The name of the plan: trial, paid or off."""
        return self._plan

    @plan.setter
    def plan(self, plan: str) -> None:
        if plan not in PLANS:
            raise ValueError(f"the limits are one of {', '.join(PLANS)}")
        self._plan = plan
        self._windows = [RollingLimit(bound) for bound in PLANS[plan]]

    @property
    def hourly(self) -> int | None:
        """The requests allowed an hour, or None without a limit."""
        return self._windows[0].bound.most if self._windows else None

    @hourly.setter
    def hourly(self, most: int) -> None:
        self._plan = "paid" if self._plan == "off" else self._plan
        first = Bound(ALL, HOUR, most)
        self._windows = [RollingLimit(bound) for bound in (first, *PLANS[self._plan][1:])]

    def left(self, now: float) -> int | None:
        """Return how many more requests fit in this hour, or None without a limit."""
        return self._windows[0].left(now) if self._windows else None

    def use_up(self, left: int, now: float) -> None:
        """Leave only so many requests in this hour; without a limit, change nothing."""
        if self._windows:
            self._windows[0].use_up(left, now)

    def clear(self) -> None:
        """Empty every window."""
        self._windows = [RollingLimit(window.bound) for window in self._windows]

    def count(
        self,
        kinds: Collection[str],
        now: float,
        *,
        speed: float = 1.0,
        count_refused: bool = False,
    ) -> Verdict:
        """Count a request of these kinds, or refuse it; a refused one counts only if asked for.

        The wait is in the caller's seconds, which are fewer on a fast clock.
        """
        if not self._windows:
            return Verdict(None, 0)
        windows = [window for window in self._windows if window.bound.kind in kinds]
        left = self._windows[0].left(now)
        full = [window for window in windows if window.left(now) == 0]
        if full:
            last = max(full, key=lambda window: window.wait(now))
            wait = max(1, ceil(last.wait(now) / max(speed, 1.0)))
        for window in windows if count_refused or not full else ():
            window.add(now)
        if full:
            return Verdict(self.hourly, left, last.bound, wait)
        return Verdict(self.hourly, left - (ALL in kinds))

    def snapshot(self) -> dict[str, Any]:
        """Return the plan and the content of every window."""
        return {"plan": self._plan, "windows": [window.snapshot() for window in self._windows]}


def kinds_of(method: str, path: str, body: Body) -> tuple[str, ...]:
    """Return the kinds of limit that a request counts against."""
    if method == "POST" and CREATE_USER.fullmatch(path):
        return ALL, USERS
    if method == "POST" and CREATE_LINK.fullmatch(path):
        return ALL, LINKS
    if _runs_setup_tests(method, path, body):
        return ALL, SETUP_TESTS, SOURCE
    if (method == "POST" and RELOAD.fullmatch(path)) or (method == "GET" and _is_of_columns(path)):
        return ALL, SOURCE
    return (ALL,)


def _is_of_columns(path: str) -> bool:
    prefix = TABLES.match(path)
    return prefix is not None and path[prefix.end() :].rstrip("/").endswith("/columns")


def _runs_setup_tests(method: str, path: str, body: Body) -> bool:
    if method == "POST" and RUN_TESTS.fullmatch(path):
        return True
    if method == "POST" and CREATE.fullmatch(path):
        return body().get("run_setup_tests", True) is True
    if method == "PATCH" and UPDATE.fullmatch(path):
        fields = body()
        default = bool(fields.get("config") or fields.get("auth"))
        return fields.get("run_setup_tests", default) is True
    return False
