"""Probes: whether this process lives, and whether it is ready for requests.

They are answered from memory and need no thread of the routes, no database and no Redis. A thread
looks at the dependencies every few seconds.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from starlette.requests import Request
from starlette.responses import Response

from pbf.concurrency import draining
from pbf.paths import PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LIVENESS = f"{PREFIX}/healthz"
READINESS = f"{PREFIX}/readyz"
PROBES = (LIVENESS, READINESS)
METHODS = ("GET", "HEAD")
# In seconds, between two looks at the dependencies.
INTERVAL = 5.0
HEADERS = {
    "Content-Type": "application/json",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}
STARTING: dict[str, object] = {
    "status": "unavailable",
    "problems": ["The server is starting."],
    "dependencies": {},
}
ENDING = STARTING | {"problems": ["The server is shutting down."]}

log = logging.getLogger(__name__)


class Readiness(Protocol):
    """The result of a look at the dependencies."""

    @property
    def is_ready(self) -> bool:
        """Whether requests can be answered."""

    def document(self) -> dict[str, object]:
        """Return the result as JSON, with the ages as they are now."""


class ReadinessWatch:
    """Looks at the dependencies in a thread, until it is stopped."""

    def __init__(self, look: Callable[[], Readiness]) -> None:
        """Look by calling `look`, which may take some seconds."""
        self._look = look
        self._latest: Readiness | None = None
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._is_started = False

    def start(self) -> None:
        """Start the thread, once; it does not keep the process from ending."""
        with self._lock:
            if self._is_started:
                return
            self._is_started = True
        threading.Thread(target=self._run, name="readiness", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()

    def look(self) -> None:
        """Look now, and keep the result."""
        try:
            self._latest = self._look()
        except Exception:
            log.exception("the readiness of this process could not be determined")

    def answer(self, path: str) -> "Answer":
        """Return the answer to a probe; the first one of readiness starts the thread."""
        if path == LIVENESS:
            return Answer(200, {"status": "ok"})
        if draining.is_draining():
            return Answer(503, ENDING)
        self.start()
        latest = self._latest
        if latest is None:
            return Answer(503, STARTING)
        return Answer(200 if latest.is_ready else 503, latest.document())

    async def respond(self, request: Request) -> Response:
        """Answer a probe (an endpoint of Starlette), in the event loop."""
        answer = self.answer(request.url.path)
        return Response(answer.body, answer.status, HEADERS)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.look()
            self._stopped.wait(INTERVAL)


class Answer(NamedTuple):
    """The answer to a probe."""

    status: int
    document: dict[str, object]

    @property
    def body(self) -> bytes:
        """The document as JSON."""
        return json.dumps(self.document).encode()


class AnswerProbes:
    """WSGI middleware: answers probes in front of everything that needs the settings."""

    def __init__(self, app: "WSGIApplication", watch: ReadinessWatch) -> None:
        """Wrap `app`."""
        self._app = app
        self._watch = watch

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a probe, or pass the request to the app."""
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        if path not in PROBES or method not in METHODS:
            return self._app(environ, start_response)
        answer = self._watch.answer(path)
        line = "200 OK" if answer.status == 200 else "503 Service Unavailable"
        start_response(line, [*HEADERS.items(), ("Content-Length", str(len(answer.body)))])
        return [] if method == "HEAD" else [answer.body]
