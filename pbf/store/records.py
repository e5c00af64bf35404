"""Records stored before Fivetran is called: creation attempts and pending deletions."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, kw_only=True)
class Creation:
    """An attempt; `key` and `fingerprint` are hashes of the caller's key and request.

    `reserved` is the permanent name while it is reserved for this attempt. `sent_at` is when a
    call was sent whose outcome is not known, in seconds since 1970 by Fivetran's clock.
    `naming_fields` are those that the service required when the attempt began.
    """

    group_id: str
    key: str
    fingerprint: str
    service: str
    typed: str
    schema_name: str
    reserved: str | None
    naming_fields: tuple[str, ...] = ()
    sent_at: float | None = None
    connector_id: str | None = None
    lease_until: float = 0.0

    @property
    def is_held(self) -> bool:
        """Whether a process is working on it."""
        return self.connector_id is None and self.lease_until > time.time()


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """A connector that is hidden until it is deleted, at `due_at` seconds since 1970.

    `owner` works on it until `lease_until`; without an owner, that is when it may be tried again.
    `paused_at` is when Fivetran reported the connector as paused, by Fivetran's clock, or None.
    `setup_state` is the state when the deletion was requested.
    """

    group_id: str
    connector_id: str
    service: str
    name: str
    schema_name: str
    was_paused: bool
    due_at: float
    paused_at: float | None = None
    setup_state: str = ""
    owner: str = ""
    lease_until: float = 0.0

    @property
    def is_held(self) -> bool:
        """Whether a process is working on it."""
        return bool(self.owner) and self.lease_until > time.time()

    @property
    def was_abandoned(self) -> bool:
        """Whether a process worked on it and did not finish."""
        return bool(self.owner) and not self.is_held

    @property
    def final_at(self) -> datetime:
        """When it can no longer be undone, to the second."""
        return datetime.fromtimestamp(int(self.due_at), UTC)
