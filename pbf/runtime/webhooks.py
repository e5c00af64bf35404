"""The job that works off webhooks, with what it needs of the other parts."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from pbf.clock import current_time
from pbf.connectors.account.account_list import list_key
from pbf.rules import list_lifetime
from pbf.timeline.webhook_work import ReceivedWork

if TYPE_CHECKING:
    from pbf.runtime import Runtime

# In seconds, between two runs.
INTERVAL = 5.0


class ListRefresh:
    """Has the connector lists of groups read again, but each of them not too often.

    A list is dropped from the cache at most every three seconds, and less often when few requests
    are left in the hour.
    """

    def __init__(
        self,
        forget: Callable[[str], None],
        patience: Callable[[], float],
        *,
        clock: Callable[[], float] = current_time,
    ) -> None:
        """Drop the list of a group by `forget`; `patience` returns the seconds between two."""
        self._forget = forget
        self._patience = patience
        self._clock = clock
        self._pending: set[str] = set()
        self._forgotten_at: dict[str, float] = {}

    def request(self, group_id: str) -> None:
        """Have a group's list dropped, at once or in one of the next runs."""
        self._pending.add(group_id)

    def run(self) -> float | None:
        """Drop what may be dropped; return when the next list may be, if one is pending."""
        now, patience = self._clock(), self._patience()
        recent = {group: at for group, at in self._forgotten_at.items() if now - at < patience}
        for group_id in self._pending - recent.keys():
            self._forget(group_id)
            recent[group_id] = now
            self._pending.discard(group_id)
        self._forgotten_at = recent
        return min((recent[group] + patience for group in self._pending), default=None)


def webhook_job(runtime: "Runtime") -> Callable[[], float | None]:
    """Return a job that records syncs, marks connectors, and has their lists read again."""
    recorder, mark_moved = runtime.timelines.recorder, runtime.store.last_seen.mark_moved
    lists = ListRefresh(
        lambda group_id: runtime.cache.forget(list_key(group_id)),
        lambda: list_lifetime.throttled(
            list_lifetime.MOVING_LIFETIME, runtime.client.latest.rate_limit
        ),
    )

    def moved(group_id: str, connector_ids: Collection[str]) -> None:
        mark_moved(group_id, connector_ids)
        lists.request(group_id)

    store = runtime.store
    work = ReceivedWork(
        store.received_events,
        recorder,
        moved=moved,
        clock=store.now,
        confirmed_time=runtime.client.confirmed_time,
    )

    def run() -> float | None:
        try:
            due_at = work.work_off()
        finally:
            list_due_at = lists.run()
        return min((due for due in (due_at, list_due_at) if due is not None), default=None)

    return run
