"""Deletion that forgives: a connector is paused and hidden first, and deleted for good later.

It is written down before anything is done; until its time has come it can be undone. Whoever is at
work on it holds a lease, and looks at Fivetran before doing what was decided long ago: by then the
id may belong to another connector, or somebody may have resumed this one. Then it is not deleted.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from pbf.connectors import uncertain_writes
from pbf.connectors.audit import NOTHING, Journal, Note
from pbf.errors import (
    ApiError,
    ApiRejected,
    InProgress,
    NotFound,
    NotNow,
    RateLimited,
    StoreFailed,
    UnknownConnector,
    Unreachable,
)
from pbf.fivetran.client import ApiClient
from pbf.fivetran.models import Connector
from pbf.rules import write_checks
from pbf.store.records import Deletion

if TYPE_CHECKING:
    from pbf.store.store import Store

HOUR = 3600.0
# A look at the connector, a call, and the look after it may each take as long as a timeout.
TIMEOUTS_IN_A_LEASE = 4
# In the background nothing that failed is repeated for so many seconds, and so many are done in
# one go: the requests of the hour are for what people do.
WAIT_AFTER_FAILURE = 60.0
AT_ONCE = 20
TRY_AGAIN = 5
LONGEST_NAME = 200
LONGEST_STATE = 40
TOO_LATE = "It has been deleted for good already."
IN_USE = (
    "It was not deleted: it was resumed or used at Fivetran since. It is in the list again; "
    "delete it there if you still want to."
)

logger = logging.getLogger("pbf")


class Remover:
    """Deletes the connectors of one group, and brings them back."""

    def __init__(
        self,
        group_id: str,
        *,
        client: ApiClient,
        store: "Store",
        journal: Journal,
        find: Callable[[str], Connector],
        forget: Callable[[], None],
        leave_out: Callable[[str, str], None],
        grace: float,
    ) -> None:
        """Delete through a client after `grace` hours in which it can be undone; 0 for at once.

        `find` looks up a connector that is not hidden, `forget` drops the known list, and
        `leave_out` is told the id and the permanent name of what is gone for good.
        """
        self._group_id = group_id
        self._client = client
        self._journal = journal
        self._rows = store.deletions
        self._find = find
        self._forget = forget
        self._leave_out = leave_out
        self._grace = grace * HOUR
        self._lease = TIMEOUTS_IN_A_LEASE * client.timeout
        self._running: set[str] = set()

    def delete(
        self, connector_id: str, *, forget: Callable[[], None], now: bool = False
    ) -> Deletion | None:
        """Pause and hide a connector; return what waits, None if it is gone for good.

        That it is where there is no time to undo it, or by `now`, even if it waits already; but
        raises NotNow if somebody has made use of it while it waited. `forget` is called once
        something was written.
        """
        try:
            # Whatever the list says: it may have been made while the database was away.
            waits = self._rows.find(self._group_id, connector_id)
        except StoreFailed as error:
            raise StoreFailed(f"Nothing was deleted. {error}") from error
        now = now or not self._grace
        try:
            connector = self._find(connector_id)
        except UnknownConnector:
            if waits is None:
                with self._journal.noted("delete", connector_id):
                    raise
            if not now:
                return waits
            return self._noted("delete for good", waits, self._carry_out, forget)
        if not now:
            return self._noted("delete", self._of(connector), self._hide, forget)
        if waits and waits.schema_name == connector.schema_name:
            return self._noted("delete for good", waits, self._carry_out, forget)
        return self._noted("delete", self._of(connector), self._end, forget)

    def restore(self, connector_id: str, *, forget: Callable[[], None]) -> None:
        """Let a connector be as it was before; one that does not wait stays as it is.

        `forget` is called once something was written.
        Raises UnknownConnector if it is gone for good, InProgress if somebody is at work on it.
        """
        waits = self._rows.find(self._group_id, connector_id)
        if waits:
            self._noted("restore", waits, self._bring_back, forget)
        else:
            self._find(connector_id)

    def notice_running(self, connector_ids: Iterable[str]) -> None:
        """Take note of those that wait and are not paused all the same."""
        self._running.update(connector_ids)

    def carry_out_due(self) -> float | None:
        """Delete for good what is due, and see to what runs; return when the next one is due.

        Raises the error of Fivetran's after which nothing else would succeed either.
        """
        waiting, now = self._rows.listed(self._group_id), time.time()
        # What was brought back or is gone needs no look; what runs is noticed once more.
        self._running.intersection_update(one.connector_id for one in waiting)
        ready = [one for one in waiting if one.lease_until <= now]
        todo = [one for one in ready if one.due_at <= now or self._runs(one)]
        # Those that Fivetran refused wait behind those that were not tried so lately.
        for one in sorted(todo, key=lambda one: one.lease_until)[:AT_ONCE]:
            doing = self._at_its_time if one.due_at <= now else self._see_to
            try:
                doing(one)
            except InProgress:
                continue  # by another process
            except (Unreachable, RateLimited):
                raise
            except ApiError as error:
                logger.warning("%s waits to be deleted: %s", one.connector_id, error)
        return min((one.due_at for one in waiting if one.due_at > now), default=None)

    def _of(self, connector: Connector) -> Deletion:
        now = time.time()
        return Deletion(
            group_id=self._group_id,
            connector_id=connector.id,
            service=connector.service,
            name=connector.title[:LONGEST_NAME],
            schema_name=connector.schema_name,
            was_paused=bool(connector.paused),
            due_at=now + self._grace,
            owner=uuid4().hex,
            lease_until=now + self._lease,
        )

    def _end(self, deletion: Deletion, note: Note, forget: Callable[[], None]) -> None:
        with writing(forget):
            was_there = uncertain_writes.delete(self._client, deletion.connector_id)
        self._leave_out(deletion.connector_id, deletion.schema_name)
        if not was_there:
            note.outcome = NOTHING

    def _hide(self, mine: Deletion, note: Note, forget: Callable[[], None]) -> Deletion | None:
        """Write it down and pause the connector; what cannot be paused is not hidden either."""
        found = self._look(mine)
        if found is None:
            note.outcome = NOTHING
            return None
        mine = replace(
            mine,
            was_paused=bool(found.paused),
            setup_state=found.status.setup_state[:LONGEST_STATE],
            lease_until=time.time() + self._lease,
        )
        try:
            while not self._rows.add(mine):
                if waits := self._there_already(mine):
                    note.left_out = True
                    return waits
        except StoreFailed as error:
            raise StoreFailed(f"Nothing was deleted. {error}") from error
        return self._pause(mine, note, forget)

    def _pause(self, mine: Deletion, note: Note, forget: Callable[[], None]) -> Deletion | None:
        try:
            if not mine.was_paused:
                with writing(forget):
                    uncertain_writes.change(self._client, mine.connector_id, paused=True)
        except ApiError as error:
            with suppress(StoreFailed):
                self._rows.remove(mine)
            if isinstance(error, NotFound):
                note.outcome = NOTHING
                return None
            raise
        mine = replace(mine, paused_at=self._now())
        with suppress(StoreFailed):
            self._rows.put_back(mine)
        return mine

    def _now(self) -> float:
        """Return the time by Fivetran's own clock, as its latest answer had it."""
        return self._client.date or time.time()

    def _there_already(self, mine: Deletion) -> Deletion | None:
        """Return the deletion that another tab or process began, unless it is out of the way."""
        waits = self._rows.find(mine.group_id, mine.connector_id)
        if waits and waits.schema_name != mine.schema_name:
            # A sandbox that starts again hands out the same ids.
            self._rows.remove(waits)
            return None
        if waits is None:
            return None
        if waits.is_held:
            raise _busy()
        found = self._look(waits)
        if found and found.paused is False:
            with self._held(waits) as old:
                self._take_back(old)
            return None
        return waits

    @contextmanager
    def _held(self, waits: Deletion, wait: float = 0.0) -> Iterator[Deletion]:
        """Hold one while it is worked on; after a failure nobody tries again for `wait` seconds.

        Without a wait it is a person who asks, and the waits of others count for nothing.
        """
        mine = self._rows.claim(waits, uuid4().hex, self._lease, too_early=not wait)
        if mine is None:
            raise _busy()
        try:
            yield mine
        except ApiError:
            with suppress(StoreFailed):
                self._rows.put_back(mine, wait=wait)
            raise

    def _look(self, deletion: Deletion) -> Connector | None:
        """Return the connector that is meant, as Fivetran has it; None if it is gone."""
        try:
            found = self._client.get_connector(deletion.connector_id)
        except NotFound:
            self._leave_out(deletion.connector_id, deletion.schema_name)
            return None
        if found.schema_name == deletion.schema_name:
            return found
        logger.warning("%s is another connector by now; it is left alone", found.id)
        return None

    def _carry_out(
        self, waits: Deletion, note: Note, forget: Callable[[], None], wait: float = 0.0
    ) -> None:
        """Delete it for good, unless somebody has made use of it since it was hidden."""
        with self._held(waits, wait) as mine:
            found = self._look(mine)
            if found is None:
                note.outcome = NOTHING
            elif _is_in_use(mine, found):
                self._take_back(mine)
                raise NotNow(IN_USE)
            else:
                # The look may have taken long, and somebody may have brought it back meanwhile.
                if not self._rows.hold(mine, self._lease):
                    raise _busy()
                self._end(mine, note, forget)
            self._rows.remove(mine)

    def _at_its_time(self, waits: Deletion) -> None:
        note = Note(waits.connector_id, waits.schema_name, "")
        with suppress(NotNow):
            self._carry_out(waits, note, self._forget, WAIT_AFTER_FAILURE)
            self._journal.write("delete for good", note)
        self._forget()

    def _take_back(self, mine: Deletion) -> None:
        """Forget a deletion, so that the connector is shown again as it is."""
        if not self._rows.remove(mine):
            raise _busy()
        note = Note(mine.connector_id, mine.schema_name, "resumed or used since it was deleted")
        self._journal.write("taken back", note)
        self._forget()

    def _bring_back(self, waits: Deletion, _: Note, forget: Callable[[], None]) -> None:
        with self._held(waits) as mine:
            found = self._look(mine)
            if found is None:
                self._rows.remove(mine)
                raise UnknownConnector(TOO_LATE)
            if not mine.was_paused and found.paused is not False:
                with writing(forget):
                    uncertain_writes.change(self._client, found.id, paused=False)
            if not self._rows.remove(mine):
                raise _busy()

    def _runs(self, waits: Deletion) -> bool:
        """Whether it may not be paused: somebody ended in the midst, or it was seen to run."""
        return waits.was_abandoned or waits.connector_id in self._running

    def _see_to(self, waits: Deletion) -> None:
        """Pause what our own pause did not reach; what was paused and runs was taken back."""
        self._running.add(waits.connector_id)
        with self._held(waits, WAIT_AFTER_FAILURE) as mine:
            found = self._look(mine)
            if found is None:
                self._rows.remove(mine)
            elif mine.paused_at is not None and _is_in_use(mine, found):
                self._take_back(mine)
            else:
                if not found.paused:
                    uncertain_writes.change(self._client, found.id, paused=True)
                    note = Note(found.id, found.schema_name, "its deletion was cut short")
                    self._journal.write("pause", note)
                self._rows.put_back(replace(mine, paused_at=mine.paused_at or self._now()))
        self._running.discard(waits.connector_id)

    def _noted(
        self,
        what: str,
        deletion: Deletion,
        doing: Callable[[Deletion, Note, Callable[[], None]], Deletion | None],
        forget: Callable[[], None],
    ) -> Deletion | None:
        """Do it, and write into the audit log what came of it."""
        with self._journal.noted(what, deletion.connector_id, name=deletion.schema_name) as note:
            try:
                waits = doing(deletion, note, forget)
            except (NotNow, UnknownConnector):
                forget()  # it waits no more
                raise
            forget()
            if waits:
                note.details = f"can be undone until {waits.final_at:%Y-%m-%d %H:%M} UTC"
            return waits


@contextmanager
def writing(forget: Callable[[], None]) -> Iterator[None]:
    """Call `forget` after a write, also if it failed and may have changed something.

    A refusal changes nothing; that a connector is gone shows that the known list is old.
    """
    try:
        yield
    except NotFound:
        forget()
        raise
    except ApiRejected:
        raise
    except BaseException:
        forget()
        raise
    forget()


def _is_in_use(mine: Deletion, found: Connector) -> bool:
    # Where our pause was never seen to have worked, no time of it is known.
    paused_at = math.inf if mine.paused_at is None else mine.paused_at
    return write_checks.was_used(found, paused_at=paused_at, setup_state=mine.setup_state)


def _busy() -> InProgress:
    return InProgress(
        "This connector is being deleted or brought back already. Try again in a moment.",
        retry_after=TRY_AGAIN,
    )
