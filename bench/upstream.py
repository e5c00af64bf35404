"""Fivetran as far away as it is: the sandbox, which answers after 50 ms and counts."""

import argparse
import json
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from waitress import create_server

from pbf.sandbox.app import create_app
from pbf.sandbox.control.samples import STATES
from pbf.sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DELAY = 0.05
THREADS = 32
COUNT = "/_bench/count"


class Far:
    """A WSGI app that lets API requests wait before another app answers, and counts them."""

    def __init__(self, app: "WSGIApplication") -> None:
        """Stand before `app`."""
        self._app = app
        self._count = 0
        self._lock = threading.Lock()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer, late if it is a request to the API."""
        if environ["PATH_INFO"] == COUNT:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(self._count).encode()]
        if environ["PATH_INFO"].startswith("/v1/"):
            with self._lock:
                self._count += 1
            time.sleep(DELAY)
        return self._app(environ, start_response)


def world(connectors: int, *, quiet: bool) -> Sandbox:
    """Return a world with so many connectors, in all states; quiet, none of them moves."""
    made = Sandbox(populated=False)
    made.control.set_limits("off")
    states = {"paused": connectors} if quiet else _spread(connectors)
    made.control.seed(connectors=connectors, states=states)
    return made


def _spread(connectors: int) -> dict[str, int]:
    """Return how many are in which state: most are well, each other state has one in fifty."""
    ill = {name: connectors // 50 for name in STATES if name != "healthy"}
    return {**ill, "healthy": connectors - sum(ill.values())}


def main() -> None:
    """Serve a world on a port until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connectors", type=int, default=1000)
    parser.add_argument("--quiet", action="store_true")
    chosen = parser.parse_args()
    app = Far(create_app(world(chosen.connectors, quiet=chosen.quiet)))
    create_server(app, host="127.0.0.1", port=chosen.port, threads=THREADS, ident=None).run()


if __name__ == "__main__":
    main()
