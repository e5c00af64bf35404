"""The sandbox with Fivetran's latency: it answers API requests after 50 ms and counts them.

Requests for one connector and its syncs are not counted: no page or route that is measured makes
them, and the job that reads histories has a budget of its own.
"""

import argparse
import json
import re
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from waitress.server import create_server

from pbf.sandbox.app import create_app
from pbf.sandbox.control.samples import STATES
from pbf.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DELAY = 0.05
THREADS = 32
COUNT = "/_bench/count"
OF_ONE_CONNECTOR = re.compile(r"/v1/connections/[^/]+(/sync-history)?")


class DelayedApp:
    """WSGI middleware that delays and counts API requests."""

    def __init__(self, app: "WSGIApplication") -> None:
        """Wrap `app`."""
        self._app = app
        self._count = 0
        self._lock = threading.Lock()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request, after the delay if it is an API request."""
        if environ["PATH_INFO"] == COUNT:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(self._count).encode()]
        if environ["PATH_INFO"].startswith("/v1/"):
            if environ["REQUEST_METHOD"] != "GET" or not OF_ONE_CONNECTOR.fullmatch(
                environ["PATH_INFO"]
            ):
                with self._lock:
                    self._count += 1
            time.sleep(DELAY)
        return self._app(environ, start_response)


def world(connectors: int, *, quiet: bool, groups: int = 0) -> Sandbox:
    """Return a sandbox with connectors in all states; if `quiet`, all of them are paused.

    With `groups`, so many groups have equal parts of connectors that work.
    """
    sandbox = Sandbox(populated=False)
    sandbox.control.set_limits("off")
    if groups:
        for number in range(groups):
            group = sandbox.add_group(f"Tenant {number}", group_id=group_id(number))
            sandbox.add_connections(connectors // groups, group_id=group.id)
        return sandbox
    states = {"paused": connectors} if quiet else _spread(connectors)
    sandbox.control.seed(connectors=connectors, states=states)
    return sandbox


def group_id(number: int) -> str:
    """Return the id of one of the groups."""
    return f"group_{number:04}"


def _spread(connectors: int) -> dict[str, int]:
    """Return the number of connectors per state: 2% in each state but the healthy one."""
    unhealthy = {name: connectors // 50 for name in STATES if name != "healthy"}
    return {**unhealthy, "healthy": connectors - sum(unhealthy.values())}


def main() -> None:
    """Serve a sandbox on a port until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connectors", type=int, default=1000)
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--groups", type=int, default=0)
    options = parser.parse_args()
    sandbox = world(options.connectors, quiet=options.quiet, groups=options.groups)
    app = DelayedApp(create_app(sandbox))
    create_server(app, host="127.0.0.1", port=options.port, threads=THREADS, ident=None).run()


if __name__ == "__main__":
    main()
