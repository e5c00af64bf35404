"""Due deletions: carries out the pending deletions of one tenant when their time has come.

Each deletion is claimed in the store first, so that it is done once.
"""

import logging
from contextlib import suppress

from pbf.connectors.audit import PendingEntry
from pbf.connectors.context import Context
from pbf.connectors.delayed_deletion import DeletionService
from pbf.errors import ApiError, InProgress, NotNow, RateLimited, Unreachable
from pbf.metrics.outages import log_level
from pbf.store.tables import Deletion

# Nothing that failed is repeated for so many seconds, and a run carries out so many deletions: the
# requests of the hour are for what people do.
WAIT_AFTER_FAILURE = 60.0
MOST_DELETIONS = 20

log = logging.getLogger(__name__)


class DueDeletions:
    """Carries out the pending deletions of one group when they are due."""

    def __init__(self, context: Context, deletion: DeletionService) -> None:
        """Carry out by a service what is due."""
        self._group_id = context.group_id
        self._client = context.client
        self._deletions = context.store.deletions
        self._connectors = context.connectors
        self._audit_log = context.audit_log
        self._deletion = deletion

    def carry_out(self) -> float | None:
        """Delete what is due, pause what runs, and return when the next deletion is due.

        Raises an error of Fivetran's after which nothing else would succeed either.
        """
        pending, now = self._deletions.listed(self._group_id), self._deletions.now()
        # A connector that was restored or is gone needs no look; one that runs is seen again.
        self._connectors.running.intersection_update(row.connector_id for row in pending)
        ready = [row for row in pending if row.lease_until <= now]
        # Fivetran's clock has the last word, but the latest response may be old.
        now = max(now, self._client.now())
        todo = [row for row in ready if row.due_at <= now or self._may_run(row)]
        # What Fivetran refused lately waits behind what was not tried.
        for deletion in sorted(todo, key=lambda row: row.lease_until)[:MOST_DELETIONS]:
            job = self._delete if deletion.due_at <= now else self._pause
            try:
                job(deletion)
            except InProgress:
                continue  # by another process
            except (Unreachable, RateLimited):
                raise
            except ApiError as error:
                log.log(
                    log_level(error), "deletion of %s is pending: %s", deletion.connector_id, error
                )
        return min((row.due_at for row in pending if row.due_at > now), default=None)

    def _may_run(self, deletion: Deletion) -> bool:
        """Return whether its connector may not be paused: cut short, or seen running."""
        was_cut_short = self._deletions.was_abandoned(deletion)
        return was_cut_short or deletion.connector_id in self._connectors.running

    def _delete(self, deletion: Deletion) -> None:
        entry = PendingEntry(deletion.connector_id, deletion.schema_name)
        with suppress(NotNow), self._audit_log.record_done("delete for good", entry):
            self._deletion.carry_out(deletion, entry, only_if_due=True, wait=WAIT_AFTER_FAILURE)
        self._connectors.forget()

    def _pause(self, deletion: Deletion) -> None:
        self._connectors.running.add(deletion.connector_id)
        self._deletion.pause_again(deletion, wait=WAIT_AFTER_FAILURE)
        self._connectors.running.discard(deletion.connector_id)
