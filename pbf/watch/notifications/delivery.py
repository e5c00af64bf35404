"""Sending what is due: claimed first, so that of several processes one sends.

A message is marked as sent after its channel took it. A process that is killed in between leaves
it unmarked; it is sent again, with the same id, once the lease has run out (at least once).
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pbf.clock import current_time
from pbf.errors import NotDelivered, PbfError
from pbf.metrics.instruments import NOTIFICATIONS
from pbf.metrics.outages import log_level
from pbf.redaction import redact
from pbf.rules.notifications.delivery_times import next_attempt
from pbf.store.store import Store
from pbf.store.watch.notifications import WAITING
from pbf.store.watch.tables import Channel, Notification
from pbf.watch.notifications.messages import Message, message_of, summary_of
from pbf.watch.notifications.zones import zone_of

log = logging.getLogger(__name__)

# In seconds: how long a message is claimed, and how long a run waits for its threads. One message
# takes less than a minute, by the time-outs of its connection.
LEASE, PATIENCE = 180.0, 60.0
# How many channels are sent to at once, and how many messages a run looks at.
THREADS, MOST = 8, 500
# A channel with more messages than this gets them as one.
MOST_SINGLE = 5


class Sends(Protocol):
    """What sends one message."""

    def send(self, channel: Channel, message: Message) -> None:
        """Send it; raise NotDelivered if the channel does not take it."""


@dataclass
class Delivery:
    """Sends the due messages of all channels, a channel at a time in each of some threads."""

    store: Store
    sender: Sends
    is_member: Callable[[str, str], bool]
    base_url: str | None = None
    clock: Callable[[], float] = current_time
    patience: float = PATIENCE
    _busy: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> float | None:
        """Send what is due; return when the next message becomes due, in seconds since 1970.

        A channel that does not answer keeps one thread; the others go on.
        """
        batches: dict[str, list[Notification]] = {}
        for row in self.store.notifications.due(self.clock(), MOST):
            if not self.store.notifications.is_held(row):
                batches.setdefault(row.channel_id, []).append(row)
        with self._lock:
            free = [channel_id for channel_id in batches if channel_id not in self._busy]
            self._busy.update(free)
        channels = self.store.channels.with_ids(free) if free else {}
        self._in_threads(
            [(channel_id, channels.get(channel_id), batches[channel_id]) for channel_id in free]
        )
        return self.store.notifications.next_due(self.clock())

    def _in_threads(self, work: Sequence[tuple[str, Channel | None, list[Notification]]]) -> None:
        todo: queue.SimpleQueue[tuple[str, Channel | None, list[Notification]]]
        todo = queue.SimpleQueue()
        for batch in work:
            todo.put(batch)
        given_up = threading.Event()
        threads = [
            threading.Thread(
                target=self._work, args=(todo, given_up), name="notifications", daemon=True
            )
            for _ in range(min(THREADS, len(work)))
        ]
        end = time.monotonic() + self.patience
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        given_up.set()
        while not todo.empty():
            self._done(todo.get()[0])

    def _work(
        self,
        todo: "queue.SimpleQueue[tuple[str, Channel | None, list[Notification]]]",
        given_up: threading.Event,
    ) -> None:
        while not given_up.is_set():
            try:
                channel_id, channel, rows = todo.get_nowait()
            except queue.Empty:
                return
            try:
                self.send_batch(channel, rows)
            except PbfError as error:
                log.log(log_level(error), "notifications: %s: %s", type(error).__name__, error)
            except Exception as error:
                # The error of a library may quote the address.
                log.error("notifications: %s", type(error).__name__)
            finally:
                self._done(channel_id)

    def _done(self, channel_id: str) -> None:
        with self._lock:
            self._busy.discard(channel_id)

    def send_batch(self, channel: Channel | None, rows: list[Notification]) -> None:
        """Send the due messages of one channel, in their order, or several as one."""
        if channel is None or self._is_off(channel):
            for row in rows:
                self._finish(row, "dropped")
            return
        if channel.digest != "now" or len(rows) > MOST_SINGLE:
            begun = {row.subject_id for row in rows if row.kind != "closed"}
            ready = [row for row in rows if row.subject_id in begun or self._is_ready(row)]
            if ready:
                self._send(channel, ready)
            return
        for number, row in enumerate(rows):
            if self._is_ready(row) and not self._send(channel, [row]):
                self._postpone(rows[number + 1 :])
                return

    def _is_off(self, channel: Channel) -> bool:
        is_gone = channel.person_id and not self.is_member(channel.group_id, channel.person_id)
        return bool(is_gone) or channel.disabled_at is not None

    def _is_ready(self, row: Notification) -> bool:
        """Return whether a message may be sent; one of an end follows that of the beginning."""
        if row.kind != "closed":
            return True
        openings = [
            other
            for other in self.store.notifications.openings(row.group_id, row.subject_id)
            if other.channel_id == row.channel_id
        ]
        if any(other.status == "sent" for other in openings):
            return True
        if not any(other.status == WAITING for other in openings):
            self._finish(row, "dropped")
        return False

    def _send(self, channel: Channel, rows: list[Notification]) -> bool:
        """Send messages as one; False if the channel refused it."""
        claimed = [row for row in rows if self.store.notifications.claim(row, LEASE)]
        if not claimed:
            return True  # by another process
        messages = [message_of(row, zone_of(channel), self.base_url) for row in claimed]
        message = messages[0] if len(messages) == 1 else summary_of(messages)
        try:
            self.sender.send(channel, message)
        except NotDelivered as error:
            for row in claimed:
                self._refused(row, str(error))
            self._note(channel, str(error))
            return False
        except Exception as error:
            for row in claimed:
                self._refused(row, "The message could not be sent.")
            self._note(channel, "The message could not be sent. Check the address.")
            log.error("notifications: %s: %s", type(error).__name__, redact(str(error)))
            return False
        for row in claimed:
            self._finish(row, "sent", sent_at=self.clock(), attempts=row.attempts + 1)
        self._note(channel, "")
        return True

    def _postpone(self, rows: list[Notification]) -> None:
        """Let messages wait behind one that was refused."""
        for row in rows:
            if self.store.notifications.claim(row, LEASE):
                self._refused(row, "The channel refused the message before this one.")

    def _refused(self, row: Notification, problem: str) -> None:
        attempts, now = row.attempts + 1, self.clock()
        NOTIFICATIONS.labels("refused").inc()
        again = next_attempt(attempts, now)
        if again is None:
            self._finish(row, "failed", attempts=attempts, error=problem)
        else:
            self.store.notifications.release(row, attempts=attempts, due_at=again, error=problem)

    def _finish(self, row: Notification, status: str, **values: object) -> None:
        NOTIFICATIONS.labels(status).inc()
        changes = {"error": "", **values, "status": status, "owner": ""}
        self.store.notifications.write(row, lease_until=self.store.now(), **changes)

    def _note(self, channel: Channel, problem: str) -> None:
        if problem != channel.problem:
            since = (channel.problem_since or self.clock()) if problem else None
            self.store.channels.change(channel, problem=problem, problem_since=since)
            channel.problem, channel.problem_since = problem, since
