"""Reading the syncs of connectors from Fivetran's history endpoint, within the rate budget."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pbf.clock import current_time
from pbf.errors import BadAnswer, Forbidden, InvalidRequest, NotFound, ServerFailed
from pbf.fivetran.client import ApiClient
from pbf.fivetran.history import SyncRecord
from pbf.fivetran.paging import LARGEST_PAGE
from pbf.metrics.outages import log_level
from pbf.rules.time_zones import moment
from pbf.rules.timeline.entries import SyncReport
from pbf.rules.timeline.observed_times import DAY, LONGEST_WINDOW, Span, merged, next_window
from pbf.rules.timeline.outcomes import outcome_of
from pbf.store.store import Store
from pbf.store.timeline.observations import ACCOUNT, REFUSED
from pbf.timeline.budget import HOUR, Budget
from pbf.timeline.recorder import Recorder

# Every how many seconds the job runs.
INTERVAL = 60.0
# After so many refusals in a row the account is not asked again for a day.
MOST_REFUSALS = 3
# Lists are stored once a day, so a connector that was not seen for longer is gone.
UNSEEN = 2 * DAY
# While no list was read yet, the job looks for one after so many seconds.
FIRST_LIST = 5.0
# What a history says of the last seconds may not be complete.
MARGIN = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Window:
    """A part of a connector's history that is to be read."""

    group_id: str
    connector_id: str
    since: float
    until: float
    has_moved: bool


class Histories:
    """The job that reads histories: those of connectors that moved first, then older times."""

    def __init__(
        self,
        client: ApiClient,
        store: Store,
        recorder: Recorder,
        groups: Callable[[], Sequence[str]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read for the connectors of the groups that `groups` returns."""
        self._client = client
        self._store = store
        self._recorder = recorder
        self._groups = groups
        self._clock = clock
        self._budget = Budget()
        self._refusals = 0
        # Until when a connector without a history is not asked for again.
        self._without: dict[tuple[str, str], float] = {}
        # Which group's turn it is first.
        self._turn = 0

    def run(self) -> float | None:
        """Read as many histories as the budget allows; raise an ApiError or StoreFailed.

        Returns when to look again, in seconds since 1970, while no list was read yet.
        """
        if not self._store.last_seen.count():
            return current_time() + FIRST_LIST
        now = self._client.now()
        allowed = self._budget.earn(self._client.latest.rate_limit, self._clock())
        while allowed >= 1 and not is_refused(self._store, now):
            requests = self._read_windows(now, allowed)
            if not requests:
                break
            allowed -= requests
            now = self._client.now()
        return None

    def _read_windows(self, now: float, allowed: int) -> int:
        """Read one window of each connector at most, and return how many requests that cost."""
        spent = 0
        for window in self._windows(now):
            if spent >= allowed:
                break
            requests = self._read(window)
            self._budget.spend(requests)
            spent += requests
            if self._refusals >= MOST_REFUSALS:
                self._store.observations.add(ACCOUNT, (REFUSED,), now, now + DAY)
                self._refusals = 0
                break
        return spent

    def _windows(self, now: float) -> Iterator[Window]:
        """Yield what to read, the groups taking turns: first what moved, then older times."""
        groups = list(self._groups())
        if not groups:
            return
        self._turn = (self._turn + 1) % len(groups)
        groups = groups[self._turn :] + groups[: self._turn]
        todo = [self._of_group(group_id, now) for group_id in groups]
        for is_first in (True, False):
            yield from _in_turn(
                [window for window in windows if window.has_moved == is_first] for windows in todo
            )

    def _of_group(self, group_id: str, now: float) -> list[Window]:
        """Return the newest unread part of each connector's history.

        Of those that moved, the one comes first that was read the longest ago; of the others, the
        newest part.
        """
        oldest = max(self._recorder.oldest(now), now - 90 * DAY)
        covered: dict[str, list[Span]] = {}
        for row in self._store.observations.of_source(group_id, "history", oldest):
            covered.setdefault(row.connector_id, []).append((row.since, row.until))
        queue: list[tuple[float, Window]] = []
        for seen in self._store.last_seen.listed(group_id):
            is_gone = seen.seen_at < now - UNSEEN
            if is_gone or self._without.get((group_id, seen.connector_id), 0.0) > now:
                continue
            spans = merged(covered.get(seen.connector_id, []))
            if seen.has_moved:
                # Our time is that of our last response, and another process may have read more.
                until = max(now, seen.seen_at)
                since = max(until - LONGEST_WINDOW, spans[-1][1] if spans else 0.0)
                window: Span | None = (min(since, until - MARGIN), until)
            else:
                # Nothing moved since it was read, so nothing happened.
                until = max(seen.history_until or 0.0, seen.seen_at)
                window = next_window(spans, oldest=oldest, now=min(now, until))
            if window:
                read_at = (seen.history_until or 0.0) if seen.has_moved else -window[1]
                queue.append(
                    (read_at, Window(group_id, seen.connector_id, *window, seen.has_moved))
                )
        return [window for _, window in sorted(queue, key=lambda item: item[0])]

    def _read(self, window: Window) -> int:
        """Read and store a window, and return how many requests it cost."""
        since = window.since
        if window.has_moved:
            window = replace(window, until=max(window.until, self._client.now()))
            # What ran when the history was read last has ended since.
            limit = window.until - LONGEST_WINDOW + 1
            running = self._store.syncs.oldest_unfinished(
                window.group_id, window.connector_id, limit
            )
            since = max(limit, min(since - MARGIN, since if running is None else running - MARGIN))
        try:
            records = list(
                self._client.get_sync_history(
                    window.connector_id,
                    since=moment(since),
                    until=moment(window.until),
                )
            )
        except (NotFound, Forbidden) as error:
            log.info("history of %s: %s", window.connector_id, error)
            self._pass_over(window, DAY)
            self._refusals += 0 if self._is_gone(window.connector_id) else 1
            return 2
        except (ServerFailed, BadAnswer, InvalidRequest) as error:
            # The others may be readable.
            log.log(log_level(error), "history of %s: %s", window.connector_id, error)
            self._pass_over(window, HOUR)
            return 1
        self._refusals = 0
        self._store_window(window, since, records)
        return 1 + len(records) // LARGEST_PAGE

    def _pass_over(self, window: Window, seconds: float) -> None:
        """Do not ask for a connector's history for so many seconds."""
        now = self._client.now()
        self._without = {key: until for key, until in self._without.items() if until > now}
        self._without[window.group_id, window.connector_id] = now + seconds

    def _is_gone(self, connector_id: str) -> bool:
        """Return whether there is no such connector, so that no history means nothing else."""
        try:
            self._client.get_connector(connector_id)
        except (NotFound, Forbidden):
            return True
        return False

    def _store_window(self, window: Window, since: float, records: Sequence[SyncRecord]) -> None:
        reports = [report_of(window.connector_id, record) for record in records]
        now = self._client.now()
        self._recorder.record(window.group_id, reports, source="history", now=now)
        self._recorder.listened(
            window.group_id, "history", since, window.until, connector_id=window.connector_id
        )
        # If our time was old, what moved may have happened after the part that was read.
        if window.has_moved and now - window.until <= MARGIN:
            self._store.last_seen.mark_read(window.group_id, window.connector_id, window.until)


def report_of(connector_id: str, record: SyncRecord) -> SyncReport:
    """Return what a history says of one sync."""
    start, end = record.start, record.end
    return SyncReport(
        connector_id,
        record.sync_id,
        None if start is None else start.timestamp(),
        None if end is None else end.timestamp(),
        outcome_of(record.status, has_start=not record.is_queued, has_end=end is not None),
        record.reason,
        record.volumes,
        record.unknown,
    )


def is_refused(store: Store, now: float) -> bool:
    """Return whether the account refused to show histories lately."""
    return bool(store.observations.of_source(ACCOUNT, REFUSED, now))


def _in_turn(queues: Iterable[Sequence[Window]]) -> Iterator[Window]:
    """Yield the first of each queue, then the second of each, and so on."""
    waiting = [deque(queue) for queue in queues]
    while waiting := [queue for queue in waiting if queue]:
        for queue in waiting:
            yield queue.popleft()
