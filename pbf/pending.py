"""What is written down before it is done: attempts to create a connector, and deletions."""

import time
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Creation:
    """An attempt; `key` and `fingerprint` are hashes of the caller's key and wishes.

    `reserved` is the permanent name, for as long as nobody else may have it. `sent_at` is when a
    call went out whose outcome is not known, in seconds since 1970.
    """

    group_id: str
    key: str
    fingerprint: str
    service: str
    typed: str
    schema_name: str
    reserved: str | None
    sent_at: float | None = None
    connector_id: str | None = None
    lease_until: float = 0.0

    @property
    def is_held(self) -> bool:
        """Whether somebody is at work on it."""
        return self.connector_id is None and self.lease_until > time.time()


@dataclass(frozen=True, kw_only=True)
class Deletion:
    """A connector that is hidden until it is deleted, at `due_at` seconds since 1970."""

    group_id: str
    connector_id: str
    service: str
    name: str
    schema_name: str
    was_paused: bool
    due_at: float
