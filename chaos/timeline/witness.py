"""What Fivetran's answers have shown: noted in the process that received them, and counted."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING

from werkzeug.test import run_wsgi_app

from pbf.fivetran.client import ApiClient
from pbf.fivetran.history import SyncRecord
from pbf.fivetran.http.transport import Request
from pbf.fivetran.models import Connector
from pbf.sandbox.control.fault_middleware import SOCKET_RULES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass
class Shown:
    """Syncs that sources have shown.

    `histories` has the connector and id of each sync in a history, and whether it was over; `ends`
    the connector and end of each sync in a list, as ISO 8601.
    """

    histories: set[tuple[str, str, bool]] = field(default_factory=set)
    ends: set[tuple[str, str]] = field(default_factory=set)

    def add(self, text: str) -> None:
        """Add what `dump` of another returned."""
        values = json.loads(text)
        self.histories |= {(one, sync, is_over) for one, sync, is_over in values["histories"]}
        self.ends |= {(one, end) for one, end in values["ends"]}

    def dump(self) -> str:
        """Return everything as one line of text."""
        return json.dumps({"histories": sorted(self.histories), "ends": sorted(self.ends)})

    def clear(self) -> None:
        """Forget everything."""
        self.histories.clear()
        self.ends.clear()


class WitnessingClient(ApiClient):
    """Notes what lists and histories show once they were received to their end."""

    def __init__(self, request: Request) -> None:
        """Send everything through `request`."""
        super().__init__(request)
        self.shown = Shown()

    def get_list_of_connectors_in_group(
        self, group_id: str, *, schema: str | None = None
    ) -> Iterator[Connector]:
        """Yield the group's connectors, and note them."""
        return self._noted(super().get_list_of_connectors_in_group(group_id, schema=schema))

    def get_connectors(self) -> Iterator[Connector]:
        """Yield every connector of the account, and note them."""
        return self._noted(super().get_connectors())

    def get_sync_history(
        self, connector_id: str, *, since: datetime, until: datetime
    ) -> Iterator[SyncRecord]:
        """Yield the syncs of a connector between two times, and note them."""
        records = list(super().get_sync_history(connector_id, since=since, until=until))
        self.shown.histories |= {
            (connector_id, record.sync_id, record.end is not None)
            for record in records
            if record.start
        }
        return iter(records)

    def _noted(self, connectors: Iterable[Connector]) -> Iterator[Connector]:
        received = list(connectors)
        self.shown.ends |= {
            (connector.id, end.isoformat())
            for connector in received
            for end in (connector.succeeded_at, connector.failed_at)
            if end
        }
        return iter(received)


class RequestCounter:
    """WSGI middleware in front of the sandbox that counts requests and those that failed."""

    def __init__(self, app: "WSGIApplication") -> None:
        """Wrap the sandbox's app."""
        self._app = app
        self._lock = Lock()
        self.requests = 0
        self.failed = 0

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        chunks, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        is_answer = headers.get("Content-Type", "").startswith("application/json")
        has_failed = not (status.startswith("200") and is_answer) or environ.get(SOCKET_RULES)
        with self._lock:
            self.requests += 1
            self.failed += bool(has_failed)
        start_response(status, list(headers))
        return chunks
