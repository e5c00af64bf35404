"""The events that webhooks receive, and their payloads."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pbf.sandbox.core.records import Connection

EVENTS = (
    "sync_start",
    "sync_end",
    "connection_successful",
    "connection_failure",
    "create_connector",
    "pause_connector",
    "resume_connector",
    "edit_connector",
    "delete_connector",
    "force_update_connector",
    "resync_connector",
    "resync_table",
    "transformation_start",
    "transformation_succeeded",
    "transformation_failed",
    "dbt_run_start",
    "dbt_run_succeeded",
    "dbt_run_failed",
    "status",
    "transformation_run_start",
    "transformation_run_succeeded",
    "transformation_run_failed",
)
SYNC_EVENTS = frozenset({"sync_start", "sync_end"})
DUMMY_ID = "_connection_1"


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a connection."""

    name: str
    at: float
    service: str
    connection_id: str
    schema: str
    group_id: str
    data: Mapping[str, Any]
    sync_id: str = ""

    def body(self) -> bytes:
        """Return the payload: compact JSON with keys in Fivetran's order."""
        created = datetime.fromtimestamp(self.at, UTC).replace(tzinfo=None)
        payload: dict[str, Any] = {
            "event": self.name,
            "created": created.isoformat(timespec="milliseconds") + "Z",
            "connector_type": self.service,
            "connector_id": self.connection_id,
            "connector_name": self.schema,
        }
        if self.sync_id:
            payload["sync_id"] = self.sync_id
        payload["destination_group_id"] = self.group_id
        payload["data"] = self.data
        return json.dumps(payload, separators=(",", ":")).encode()


def event_of(
    connection: Connection, name: str, at: float, data: Mapping[str, Any], *, start: float | None
) -> Event:
    """Return an event of a connection; `start` is when its sync started, if it has one."""
    return Event(
        name=name,
        at=at,
        service=connection.service,
        connection_id=connection.id,
        schema=connection.schema,
        group_id=connection.group_id,
        data=data,
        sync_id="" if start is None else sync_id(connection.id, start),
    )


def dummy(name: str, at: float, group_id: str | None) -> Event:
    """Return a test event of a connection that does not exist."""
    return Event(
        name=name,
        at=at,
        service="google_sheets",
        connection_id=DUMMY_ID,
        schema="_schema_1._table_1",
        group_id=group_id or "_group_1",
        data={"status": "SUCCESSFUL"} if name == "sync_end" else {},
        sync_id=sync_id(DUMMY_ID, at) if name in SYNC_EVENTS else "",
    )


def sync_id(connection_id: str, start: float) -> str:
    """Return the id of the sync that started at a time, in the format of a UUID."""
    digest = hashlib.sha256(f"sync:{connection_id}:{start:.3f}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
