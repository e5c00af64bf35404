"""What is written down before it is done: attempts to create a connector, and deletions."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, kw_only=True)
class Creation:
    """An attempt; `key` and `fingerprint` are hashes of the caller's key and wishes.

    `reserved` is the permanent name, for as long as nobody else may have it. `sent_at` is when a
    call went out whose outcome is not known, in seconds since 1970 by Fivetran's own clock.
    `naming_fields` are those that the service wanted when the attempt began.
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
        """Whether somebody is at work on it."""
        return self.connector_id is None and self.lease_until > time.time()


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """A connector that is hidden until it is deleted, at `due_at` seconds since 1970.

    `owner` is who is at work on it, until `lease_until`; without an owner that is when it may be
    tried again. `paused_at` is when Fivetran was seen to have it paused, by Fivetran's own clock;
    None until then. `setup_state` is what it was when the deletion was asked for.
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
        """Whether somebody is at work on it."""
        return bool(self.owner) and self.lease_until > time.time()

    @property
    def was_abandoned(self) -> bool:
        """Whether somebody was at work on it and did not come to the end."""
        return bool(self.owner) and not self.is_held

    @property
    def final_at(self) -> datetime:
        """Until when it can be undone, to the second."""
        return datetime.fromtimestamp(int(self.due_at), UTC)
