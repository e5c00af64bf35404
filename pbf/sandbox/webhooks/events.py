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


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a connection; `start` is when its sync started, if it has one."""

    name: str
    at: float
    connection: Connection
    data: Mapping[str, Any]
    start: float | None = None

    def body(self) -> bytes:
        """Return the payload: compact JSON with keys in Fivetran's order."""
        payload: dict[str, Any] = {
            "event": self.name,
            "created": _created(self.at),
            "connector_type": self.connection.service,
            "connector_id": self.connection.id,
            "connector_name": self.connection.schema,
        }
        if self.start is not None:
            payload["sync_id"] = sync_id(self.connection.id, self.start)
        payload["destination_group_id"] = self.connection.group_id
        payload["data"] = self.data
        return json.dumps(payload, separators=(",", ":")).encode()


def probe(at: float) -> bytes:
    """Return what is sent when a webhook is created or activated: none of the usual events.

    https://fivetran.com/docs/rest-api/troubleshooting/sync-id-field-required-error
    """
    payload = {
        "event": "test_event",
        "created": _created(at),
        "connector_type": "_connector_type",
        "connector_id": "_connector_1",
        "group_id": "_destination_1",
    }
    return json.dumps(payload, separators=(",", ":")).encode()


def _created(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="milliseconds") + "Z"


def dummy(name: str, at: float, group_id: str | None) -> Event:
    """Return a test event of a connection that does not exist."""
    connection = Connection(
        id="_connection_1",
        group_id=group_id or "_group_1",
        service="google_sheets",
        schema="_schema_1._table_1",
        created_at=at,
        connected_by=None,
        config={},
    )
    data = {"status": "SUCCESSFUL"} if name == "sync_end" else {}
    return Event(name, at, connection, data, start=at if name in SYNC_EVENTS else None)


def sync_id(connection_id: str, start: float) -> str:
    """Return the id of the sync that started at a time, in the format of a UUID."""
    digest = hashlib.sha256(f"sync:{connection_id}:{start:.3f}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
