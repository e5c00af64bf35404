"""Differences between two lists of connectors, and what the lists cover."""

import math
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pbf.errors import StoreFailed
from pbf.fivetran.models import Connector
from pbf.rules.parsed_schedule import timing
from pbf.rules.timeline.entries import SyncReport
from pbf.rules.timeline.merging import TOLERANCE
from pbf.rules.timeline.observed_times import DAY, MINUTE, classes_of, spacing_of
from pbf.rules.timeline.outcomes import Outcome
from pbf.store.store import Store
from pbf.store.timeline.observations import LIST
from pbf.store.timeline.tables import LastSeen
from pbf.timeline.recorder import Recorder

# What a list covers is written at most once in so many seconds for each group.
COVERAGE_INTERVAL = 60.0
SCHEDULED = "scheduled"
# A sync that takes longer than this share of its interval may be taken for two until its history
# is read.
SHARE_OF_INTERVAL = 0.9
COMPARED = ("succeeded_at", "failed_at", "sync_state", "setup_state", "paused", "spacing")
STORED = (
    *COMPARED,
    "connector_id",
    "schema_name",
    "spacing_since",
    "earlier_spacing",
    "paused_since",
    "broken_since",
    "seen_at",
    "has_moved",
)


@dataclass(frozen=True)
class Change:
    """A value of a connector that differs between two lists; `before` is None at first sight."""

    connector_id: str
    field: str
    before: object
    after: object


class Observer:
    """Compares each list of a group with the one before, and stores what changed.

    What was seen last is kept in memory, so that a list without a change costs no query.
    """

    def __init__(
        self, store: Store, recorder: Recorder, groups: Callable[[], Collection[str]]
    ) -> None:
        """Store what lists show; only what the groups of `groups` have stays in memory."""
        self._store = store
        self._recorder = recorder
        self._groups = groups
        self._lock = threading.RLock()
        # By group: what is stored of each connector.
        self._seen: dict[str, dict[str, LastSeen]] = {}
        # By group: the last list of which the coverage was stored, and the longest gap since.
        self._listed_at: dict[str, tuple[float, float, float]] = {}

    def observe(
        self, group_id: str, connectors: Sequence[Connector], at: float, *, complete: bool = True
    ) -> list[Change]:
        """Store what a list shows that was read at a time, and return the differences.

        A list that is not `complete` covers no time. Raises StoreFailed.
        """
        with self._lock:
            try:
                changes = self._compare(group_id, connectors, at)
            except StoreFailed:
                # What is in memory may be newer than what is stored.
                self._seen.pop(group_id, None)
                raise
        if complete:
            self.cover(group_id, at)
        return changes

    def cover(self, group_id: str, at: float) -> None:
        """Note that a group was listed at a time; store for which connectors that is often enough.

        Raises StoreFailed.
        """
        with self._lock:
            if group_id not in self._listed_at:
                self._drop_removed()
            written, last, longest = self._listed_at.get(group_id) or self._last_listed(
                group_id, at
            )
            if at < last:
                return
            longest = max(longest, at - last)
            if at - written >= COVERAGE_INTERVAL:
                sources = [f"{LIST}{minutes}" for minutes in classes_of(longest)]
                self._store.observations.add(group_id, sources, written, at)
                written, longest = at, 0.0
            self._listed_at[group_id] = (written, at, longest)

    def forget(self) -> None:
        """Read again what is stored, which was replaced."""
        with self._lock:
            self._seen.clear()
            self._listed_at.clear()

    def listed_at(self, group_id: str) -> float:
        """Return when this process has read a group's list last; minus infinity if never."""
        listed = self._listed_at.get(group_id)
        return -math.inf if listed is None else listed[1]

    def _drop_removed(self) -> None:
        """Forget groups that are no tenant's any more."""
        groups = set(self._groups())
        self._seen = {key: seen for key, seen in self._seen.items() if key in groups}
        self._listed_at = {key: at for key, at in self._listed_at.items() if key in groups}

    def _last_listed(self, group_id: str, at: float) -> tuple[float, float, float]:
        """Return when another process, or this one before it started, stored a list last."""
        last = self._store.observations.last_until(group_id, LIST)
        return (at, at, 0.0) if last is None or last > at else (last, last, 0.0)

    def _compare(self, group_id: str, connectors: Sequence[Connector], at: float) -> list[Change]:
        seen = self._seen.get(group_id)
        if seen is not None and all(
            _is_known(connector, seen.get(connector.id), at) for connector in connectors
        ):
            return []
        # Read again, since another process may have stored the difference already.
        stored = self._store.last_seen.listed(group_id)
        seen = self._seen[group_id] = {row.connector_id: row for row in stored}
        rows: list[LastSeen] = []
        reports: list[SyncReport] = []
        changes: list[Change] = []
        for connector in connectors:
            last = seen.get(connector.id)
            if _is_known(connector, last, at):
                continue
            if last and last.schema_name != connector.schema_name:
                last = None  # a restarted sandbox issues the same ids again
            row = _row(group_id, connector, last, at)
            changes += _changes(row, last)
            reports += _reports(row, last, timing(connector).spacing)
            rows.append(row)
        # The reports first: what is not recorded is seen again by the next list.
        self._recorder.record(group_id, reports, source="list", now=at)
        self._store.last_seen.put(group_id, [_values(row) for row in rows])
        seen.update((row.connector_id, row) for row in rows)
        return changes


class ListQueue:
    """Hands lists over to an observer on a thread of its own, so that no page waits for it.

    Of lists of one group that wait, the newest is kept.
    """

    def __init__(
        self, observe: Callable[[str, Sequence[Connector], float], object], log: Callable[..., None]
    ) -> None:
        """Observe in the background; a failure is logged, and the next list tells the same."""
        self._observe = observe
        self._log = log
        self._lock = threading.Lock()
        self._waiting: dict[str, tuple[Sequence[Connector], float]] = {}
        self._is_working = False
        self._idle = threading.Condition(self._lock)

    def put(self, group_id: str, connectors: Sequence[Connector], at: float) -> None:
        """Have a list observed soon."""
        with self._lock:
            self._waiting[group_id] = (connectors, at)
            if self._is_working:
                return
            self._is_working = True
        threading.Thread(target=self._work, name="observe lists", daemon=True).start()

    def wait(self) -> None:
        """Wait until every list that was put was observed."""
        with self._lock:
            self._idle.wait_for(lambda: not self._is_working)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._stop_working()
                    return
                group_id = next(iter(self._waiting))
                connectors, at = self._waiting.pop(group_id)
            try:
                self._observe(group_id, connectors, at)
            except StoreFailed as error:
                self._log("sync history: %s", error)
            except BaseException:
                with self._lock:
                    self._stop_working()
                raise

    def _stop_working(self) -> None:
        self._is_working = False
        self._idle.notify_all()


def _seconds(connector: Connector) -> tuple[float | None, float | None]:
    succeeded, failed = connector.succeeded_at, connector.failed_at
    return (
        None if succeeded is None else succeeded.timestamp(),
        None if failed is None else failed.timestamp(),
    )


def _row(group_id: str, connector: Connector, last: LastSeen | None, at: float) -> LastSeen:
    """Return what is to be stored of a connector."""
    succeeded_at, failed_at = _seconds(connector)
    spacing, since, earlier = spacing_of(connector), at, 0.0
    if last and last.spacing:
        since, earlier = last.spacing_since, last.earlier_spacing
        if spacing != last.spacing:
            since, earlier = at, min(last.spacing, earlier or last.spacing)
    row = LastSeen(
        group_id=group_id,
        connector_id=connector.id,
        schema_name=connector.schema_name,
        succeeded_at=succeeded_at,
        failed_at=failed_at,
        sync_state=connector.status.sync_state,
        setup_state=connector.status.setup_state,
        paused=connector.is_paused,
        spacing=spacing,
        spacing_since=since,
        earlier_spacing=earlier,
        seen_at=at,
    )
    row.paused_since = _since(row.paused, last.paused_since if last else None, at)
    row.broken_since = _since(connector.is_broken, last.broken_since if last else None, at)
    row.has_moved = last is None or any(
        getattr(row, name) != getattr(last, name) for name in ("succeeded_at", "failed_at")
    )
    return row


def _since(is_so: bool, before: float | None, at: float) -> float | None:
    if not is_so:
        return None
    return at if before is None else before


def _is_known(connector: Connector, last: LastSeen | None, at: float) -> bool:
    """Return whether nothing of a connector is to be stored; when it was seen is, once a day."""
    if last is None or last.seen_at > at:
        return last is not None
    values = (
        *_seconds(connector),
        connector.status.sync_state,
        connector.status.setup_state,
        connector.is_paused,
        spacing_of(connector),
        connector.schema_name,
    )
    stored = (*(getattr(last, name) for name in COMPARED), last.schema_name)
    return values == stored and at - last.seen_at < DAY


def _changes(row: LastSeen, last: LastSeen | None) -> Iterable[Change]:
    for name in COMPARED:
        before, after = last and getattr(last, name), getattr(row, name)
        if last is None or before != after:
            yield Change(row.connector_id, name, before, after)


def _reports(row: LastSeen, last: LastSeen | None, spacing: float | None) -> Iterable[SyncReport]:
    """Yield the ends of syncs that the list before did not show; `spacing` is in minutes."""
    for name, outcome in (("succeeded_at", Outcome.SUCCEEDED), ("failed_at", Outcome.FAILED)):
        before, after = last and getattr(last, name), getattr(row, name)
        if after is not None and after != before:
            yield SyncReport(
                row.connector_id,
                ended_at=after,
                outcome=outcome,
                started_after=_started_after(after, last, spacing),
            )


def _started_after(ended_at: float, last: LastSeen | None, spacing: float | None) -> float | None:
    """Return a time before which a sync that a list shows first cannot have started.

    No sync ran when the list before showed the connector as scheduled. Since then each start was
    at most one interval before its end, as long as syncs take less than their interval.
    """
    if last is None or last.sync_state != SCHEDULED:
        return None
    seen = last.seen_at - TOLERANCE
    return seen if spacing is None else max(seen, ended_at - SHARE_OF_INTERVAL * spacing * MINUTE)


def _values(row: LastSeen) -> dict[str, Any]:
    return {name: getattr(row, name) for name in STORED}
