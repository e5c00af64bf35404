"""The job that works off the webhooks that were received."""

import logging
from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Protocol

from pbf.clock import current_time
from pbf.errors import PbfError
from pbf.rules.timeline.entries import Source, SyncEntry, SyncReport
from pbf.rules.timeline.events import read_event, report_of
from pbf.store.retention import RECEIVED_EVENTS
from pbf.store.timeline.received_events import ReceivedEvents
from pbf.store.timeline.tables import ReceivedEvent

# How many events are worked off at a time, and for how many seconds they are then held.
BATCH = 500
LEASE = 60.0
CLEAN_UP_INTERVAL = 3600.0

log = logging.getLogger(__name__)


class Recorder(Protocol):
    """Where reports of syncs become the history."""

    def record(
        self,
        group_id: str,
        reports: Sequence[SyncReport],
        *,
        source: Source,
        now: float,
    ) -> list[SyncEntry]:
        """Merge reports into a group's history, in any order; return what changed."""


class ReceivedWork:
    """Works off what is in the inbox, in the order in which Fivetran created it.

    Events prove no time to be observed, because one that was lost leaves no trace. An event of
    which the process dies is worked off again, which changes nothing.
    """

    def __init__(
        self,
        events: ReceivedEvents,
        recorder: Recorder,
        *,
        moved: Callable[[str, Collection[str]], None],
        clock: Callable[[], float] = current_time,
        confirmed_time: Callable[[], float | None] | None = None,
    ) -> None:
        """Record syncs by the recorder.

        Events are deleted once they are old by `confirmed_time`, which defaults to the clock.
        `moved` is called with a group and the ids of its connectors to which something happened.
        """
        self._events = events
        self._recorder = recorder
        self._moved = moved
        self._clock = clock
        self._confirmed_time = confirmed_time or clock
        self._cleaned_up_at = float("-inf")

    def work_off(self) -> float | None:
        """Work off a batch; return the present time if there may be more, else None.

        What fails is tried again later; the others are worked off nevertheless. Raises the first
        error.
        """
        now = self._clock()
        claimed = self._events.claim(BATCH, now=now, lease=LEASE)
        problem: PbfError | None = None
        for group_id, rows in groupby(
            sorted(claimed, key=attrgetter("group_id")), key=attrgetter("group_id")
        ):
            try:
                self._work_off_group(group_id, list(rows), now)
            except PbfError as error:
                problem = problem or error
        self._clean_up()
        if problem:
            raise problem
        return now if len(claimed) == BATCH else None

    def _work_off_group(self, group_id: str, rows: Sequence[ReceivedEvent], now: float) -> None:
        # Sorting by group kept the order in which they were created.
        events = [event for row in rows if (event := read_event(row.body))]
        reports = [report for event in events if (report := report_of(event))]
        if reports:
            self._recorder.record(group_id, reports, source="webhook", now=now)
        self._moved(group_id, {event.connector_id for event in events})
        self._events.finish([row.digest for row in rows], now)

    def _clean_up(self) -> None:
        now = self._confirmed_time()
        if now is not None and now - self._cleaned_up_at >= CLEAN_UP_INTERVAL:
            self._events.delete_received_before(now - RECEIVED_EVENTS)
            self._cleaned_up_at = now
