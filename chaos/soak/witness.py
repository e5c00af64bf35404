"""What Fivetran has seen: every write that the sandbox carried out."""

import json
import threading
from collections import Counter
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from pbf.sandbox.control.fault_middleware import BEFORE_WORK, SOCKET_RULES
from pbf.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CONNECTIONS = "/v1/connections"


class Witness:
    """WSGI middleware in front of the sandbox that counts the writes that were carried out."""

    def __init__(self, app: "WSGIApplication", world: Sandbox) -> None:
        """Wrap the sandbox's app."""
        self._app = app
        self._world = world
        self._lock = threading.Lock()
        # Connectors created by their name, deleted and changed by their id.
        self.created: Counter[str] = Counter()
        self.deleted: Counter[str] = Counter()
        self.rescheduled: Counter[str] = Counter()
        self.synced: Counter[str] = Counter()
        # Failed changes to the schedule that a connector has already, which a later read confirms.
        self.confirmed: Counter[str] = Counter()
        self.requests = 0

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request, and count it if it has changed something."""
        body = _read(environ)
        statuses: list[str] = []

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            statuses.append(status)
            return start_response(status, headers, *rest)

        response = self._app(environ, start)
        rules = environ.get(SOCKET_RULES) or []
        is_done = bool(statuses) and statuses[-1].startswith("2")
        is_done = is_done and not any(rule.kind in BEFORE_WORK for rule in rules)
        with self._lock:
            self.requests += 1
            if is_done:
                self._count(environ["REQUEST_METHOD"], environ["PATH_INFO"], body)
            else:
                self._count_failed(environ["PATH_INFO"], body)
        return response

    def _count_failed(self, path: str, body: dict[str, Any]) -> None:
        connection = self._world.connections.get(path.removeprefix(CONNECTIONS).strip("/"))
        if connection and connection.sync_frequency == body.get("sync_frequency"):
            self.confirmed[connection.id] += 1

    def _count(self, method: str, path: str, body: dict[str, Any]) -> None:
        connector_id, _, action = path.removeprefix(CONNECTIONS).strip("/").partition("/")
        if method == "POST" and path == CONNECTIONS:
            self.created[str(body.get("config", {}).get("schema", ""))] += 1
        elif method == "DELETE" and not action:
            self.deleted[connector_id] += 1
        elif method == "PATCH" and "sync_frequency" in body:
            self.rescheduled[connector_id] += 1
        elif method == "POST" and action == "sync":
            self.synced[connector_id] += 1


def _read(environ: "WSGIEnvironment") -> dict[str, Any]:
    """Return the body of a request, and leave it there for the app."""
    content = environ["wsgi.input"].read() if environ.get("CONTENT_LENGTH") else b""
    environ["wsgi.input"] = BytesIO(content)
    try:
        body = json.loads(content or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
