"""What Fivetran told the product, noted on the way: the syncs that a source has shown."""

import json
from collections.abc import Iterable
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from werkzeug.test import run_wsgi_app

from chaos.timeline.process import TIMEOUT
from pbf.sandbox.control.fault_middleware import SOCKET_RULES

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HISTORY = "/sync-history"
LISTS = ("/v1/connections", "/connections")
# An answer that takes this part of the timeout may come too late.
IN_TIME = 0.5


class Witness:
    """WSGI middleware in front of the sandbox that notes what it answers.

    An answer counts if it was whole and in time. `keep` makes what was noted since the last call
    count, `forget` drops it, since the process that asked was killed.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        """Wrap the sandbox's app."""
        self._app = app
        self._lock = Lock()
        self._histories: set[tuple[str, str, bool]] = set()
        self._ends: set[tuple[str, str]] = set()
        # The connector and id of each sync that a history showed, and whether it was over.
        self.histories: set[tuple[str, str, bool]] = set()
        # The connector and end of each sync that a list showed.
        self.ends: set[tuple[str, str]] = set()
        self.requests = 0
        self.failed = 0

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request."""
        started = monotonic()
        chunks, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        body = b"".join(chunks)
        is_whole = not environ.get(SOCKET_RULES) and status.startswith("200")
        is_whole = is_whole and monotonic() - started < IN_TIME * TIMEOUT
        with self._lock:
            self.requests += 1
            if not (is_whole and self._note(environ["PATH_INFO"], body)):
                self.failed += 1
        start_response(status, list(headers))
        return [body]

    def keep(self) -> None:
        """Make what was noted count."""
        with self._lock:
            self.histories |= self._histories
            self.ends |= self._ends
        self.forget()

    def forget(self) -> None:
        """Drop what was noted."""
        with self._lock:
            self._histories, self._ends = set(), set()

    def _note(self, path: str, body: bytes) -> bool:
        """Note what an answer shows; return whether it is one of the API."""
        try:
            items: list[dict[str, Any]] = json.loads(body)["data"].get("items", [])
        except (ValueError, LookupError):
            return False
        if path.endswith(HISTORY):
            connector_id = path.removesuffix(HISTORY).rpartition("/")[2]
            self._histories |= {
                (connector_id, item["sync_id"], item["end"] is not None)
                for item in items
                if item["start"]
            }
        elif path.endswith(LISTS):
            self._ends |= {
                (item["id"], item[name])
                for item in items
                for name in ("succeeded_at", "failed_at")
                if item[name]
            }
        return True
