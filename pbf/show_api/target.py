"""What an operation is about, with examples of what it changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """What an operation is about: ids, and examples of what it changes.

    `naming` are the fields that name a connector in the destination.
    """

    group_id: str = "GROUP_ID"
    service_id: str = "google_sheets"
    connector_id: str = "CONNECTOR_ID"
    name: str = "Example"
    naming: Mapping[str, str] = field(default_factory=lambda: {"schema": "example"})
    paused: bool = True
    sync_frequency: int = 360
    schema: str = "public"
    table: str = "orders"
