"""Events as Fivetran sends them, and their signatures."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

SECRET = "new-secret"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def payload(event: str = "sync_end", minutes: float = 0, **changes: object) -> bytes:
    """The body of an event so many minutes after NOW; None leaves a field out."""
    created = NOW + timedelta(minutes=minutes)
    fields = {
        "event": event,
        "created": created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "connector_type": "stripe",
        "connector_id": "lamp",
        "connector_name": "stripe",
        "sync_id": "sync-1",
        "destination_group_id": "ours",
        "data": {"status": "SUCCESSFUL"} if event == "sync_end" else {},
    } | changes
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def signed(body: bytes, secret: str = SECRET) -> str:
    """The signature of a body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def fresh(event: str = "sync_end", **changes: object) -> bytes:
    """The body of an event of this moment."""
    return payload(event, created=datetime.now(UTC).isoformat(), **changes)
