"""The route by which an open tab asks for the revision of what it shows.

It has threads of its own, so a slow dependency delays only these requests.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from pbf.config import Settings, load_settings
from pbf.errors import PbfError
from pbf.metrics.outages import log_level
from pbf.paths import PREFIX
from pbf.server.auth_middleware.cookies import session_cookies

PATH = f"{PREFIX}/revision"
THREADS = 2
# Returns the revision of a subject for the session of one of the cookies; the headers may name
# another person. Raises a PbfError, or ValueError for an unknown subject.
Look = Callable[[Sequence[str], Mapping[str, str], str], str]

log = logging.getLogger(__name__)


class RevisionRoute:
    """Answers 200 with the revision, 304 if the tab has it, 204 if it cannot be determined."""

    def __init__(self, look: Look, *, read: Callable[[], Settings] = load_settings) -> None:
        """Look up revisions by `look`; `read` returns the settings."""
        self._look = look
        self._read = cache(read)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="revisions")

    async def respond(self, request: Request) -> Response:
        """Answer a request (an endpoint of Starlette)."""
        try:
            revision = await self._revision(request)
        except ValueError:
            return Response(status_code=404)
        if revision is None:
            return Response(status_code=204)
        headers = {"ETag": f'"{revision}"', "Cache-Control": "no-store"}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        return Response(revision, headers=headers, media_type="text/plain")

    async def _revision(self, request: Request) -> str | None:
        try:
            cookies = session_cookies(request.scope, self._read().public_url)
            return await asyncio.get_running_loop().run_in_executor(
                self._threads,
                self._look,
                list(cookies.values()),
                request.headers,
                request.query_params.get("of", ""),
            )
        except PbfError as error:
            # A browser would log an error in its console for any status that says so.
            log.log(log_level(error), "a revision could not be determined: %s", error)
            return None
