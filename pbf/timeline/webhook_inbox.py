"""Webhooks of Fivetran's: each is checked and stored as it arrives, and worked off after."""

import hashlib
import hmac
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum

from pbf.clock import current_time
from pbf.rules.timeline.events import PROBE, Event, read_event
from pbf.store.retention import RECEIVED_EVENTS
from pbf.store.timeline.received_events import ReceivedEvents
from pbf.store.timeline.tables import ReceivedEvent

# What anybody can cause is counted in the database at most so often, so that a flood of requests
# does not keep the database busy.
COUNT_INTERVAL = 1.0
# Compared with while no secret is set.
NO_SECRET = "no secret"  # noqa: S105 - nothing is accepted with it


class Receipt(StrEnum):
    """What became of a request; also the kinds by which they are counted."""

    ACCEPTED = "accepted"
    REPLAYED = "replayed"
    # Of a group that is no tenant's, or without a connector.
    FOREIGN = "foreign"
    # A call that only tests whether we answer.
    TEST = "test"
    # Signed, but no event.
    INVALID = "invalid"
    FORGED = "forged"


# What anybody can cause, without a signature.
FROM_ANYBODY = frozenset({Receipt.FORGED, Receipt.TEST})


def is_signed(body: bytes, sent: str, secrets: Sequence[str]) -> bool:
    """Return whether a body is signed with one of the secrets: HMAC-SHA256 in hexadecimal digits.

    Every secret is tried, whatever was sent as signature, so that the time tells nothing.
    """
    given = sent.strip().lower().encode(errors="replace")
    expected = [
        hmac.digest(secret.encode(), body, hashlib.sha256).hex().encode()
        for secret in secrets or (NO_SECRET,)
    ]
    matches = [hmac.compare_digest(signature, given) for signature in expected]
    return bool(secrets) and True in matches


class Inbox:
    """Takes in the webhooks of the account."""

    def __init__(
        self,
        events: ReceivedEvents,
        *,
        secrets: Sequence[str],
        is_ours: Callable[[str], bool],
        clock: Callable[[], float] = current_time,
        fivetrans_clock: Callable[[], float] | None = None,
    ) -> None:
        """Accept what is signed with one of the secrets; `is_ours` tells a tenant's group.

        `fivetrans_clock` is by whose time events are created.
        """
        self._events = events
        self._secrets = tuple(secrets)
        self._is_ours = is_ours
        self._clock = clock
        self._fivetrans_clock = fivetrans_clock or clock
        self._counts: Counter[str] = Counter()
        self._counted_at = float("-inf")
        self._lock = threading.Lock()

    @property
    def secret(self) -> str:
        """The secret that a new webhook is given; "" if none is set."""
        return self._secrets[0] if self._secrets else ""

    def receive(self, body: bytes, signature: str) -> Receipt:
        """Store an event if it is genuine, new, and of a tenant of ours; count it in any case.

        Raises StoreFailed; Fivetran then delivers the event again.
        """
        receipt = self._receive(body, signature)
        with self._lock:
            self._counts[receipt] += 1
            is_due = self._clock() - self._counted_at >= COUNT_INTERVAL
            is_due = is_due or receipt not in FROM_ANYBODY
        if is_due:
            self.write_counts()
        return receipt

    def write_counts(self) -> None:
        """Add what was counted since the last call to the counts of all processes."""
        now = self._clock()
        with self._lock:
            counts, self._counts = self._counts, Counter()
            self._counted_at = now
        self._events.count(counts, now)

    def _receive(self, body: bytes, signature: str) -> Receipt:
        is_genuine = is_signed(body, signature, self._secrets)
        event = read_event(body)
        if not is_genuine:
            # Whether Fivetran signs its probe is not documented; it has no effect.
            is_probe = not signature and event is not None and event.name == PROBE
            return Receipt.TEST if is_probe else Receipt.FORGED
        if event is None:
            return Receipt.INVALID
        if event.is_test:
            return Receipt.TEST
        if not event.connector_id or not self._is_ours(event.group_id):
            return Receipt.FOREIGN
        if event.created_at and event.created_at < self._fivetrans_clock() - RECEIVED_EVENTS:
            return Receipt.REPLAYED
        is_new = self._events.add(_row(event, body, self._clock()))
        return Receipt.ACCEPTED if is_new else Receipt.REPLAYED


def _row(event: Event, body: bytes, now: float) -> ReceivedEvent:
    return ReceivedEvent(
        digest=event.digest,
        event=event.name[:40],
        group_id=event.group_id,
        connector_id=event.connector_id,
        sync_id=event.sync_id,
        created_at=event.created_at,
        received_at=now,
        body=body.decode(errors="replace").replace("\0", ""),
    )
