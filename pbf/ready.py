"""The two whole lists, answered before Flask is asked: nearly all that front ends ask for.

The bytes are ready, so that what Flask does around a view would cost more than all the rest.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from pbf import logs
from pbf.api.guard import CARRIED, base_of
from pbf.api.responses import JSON, Bodies, age, framed
from pbf.api.schemas import Connector, Service, Shape
from pbf.cache.entries import CachedList
from pbf.connectors.portal import Portal
from pbf.paths import PREFIX
from pbf.runtime import Runtime

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LISTS: dict[str, tuple[str, Callable[[Portal], CachedList[Any]], type[Shape]]] = {
    f"{PREFIX}/services": ("services", Portal.services, Service),
    f"{PREFIX}/connectors": ("connectors", Portal.connectors, Connector),
}
STATUS = {status: f"{status} {HTTPStatus(status).phrase}" for status in (200, 304)}


class ReadyLists:
    """WSGI middleware: answers a GET of a whole list; all else, and what fails, is the app's."""

    def __init__(
        self, app: "WSGIApplication", bodies: Bodies, open_runtime: Callable[[], Runtime]
    ) -> None:
        """Stand before `app`, whose lists are kept in `bodies`."""
        self._app = app
        self._bodies = bodies
        self._open = open_runtime

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """CachedList, or let the app do so."""
        wanted = LISTS.get(environ["PATH_INFO"])
        if wanted is None or environ["REQUEST_METHOD"] != "GET" or environ.get("QUERY_STRING"):
            return self._app(environ, start_response)
        known = logs.begin()
        try:
            status, headers, content = self._answer(environ, *wanted)
        except Exception:
            return self._app(environ, start_response)  # it fails alike, and says what is wrong
        finally:
            logs.forget()
        start_response(STATUS[status], [*headers, *CARRIED, ("X-Request-Id", known)])
        # Not even an empty piece with a 304: what compresses behind us would make a body of it.
        return [content] if content else []

    def _answer(
        self,
        environ: "WSGIEnvironment",
        kind: str,
        ask: Callable[[Portal], CachedList[Any]],
        shape: type[Shape],
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        house = self._open()
        answer = ask(house.portal)
        body = self._bodies.whole(kind, base_of(house.settings, environ), answer, shape)
        status, headers, content = framed(body, JSON, environ)
        if status == HTTPStatus.OK:
            headers.append(("Content-Length", str(len(content))))
        return status, headers + age(answer), content
