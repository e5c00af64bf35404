"""The floor of the routes: a bare Flask app behind our guard that returns ready bytes."""

import argparse
import os
from collections.abc import Mapping

import requests
from flask import Flask, Response
from waitress import serve

from pbf.api.guard import guard
from pbf.runtime import runtime
from pbf.server.waitress_server import THREADS

PATHS = ("/_/services", "/_/connectors")
ENCODING = "gzip"
# The environment variable with an API token, if the routes need one.
TOKEN = "BENCH_TOKEN"  # noqa: S105 - its name
COPIED = ("Content-Type", "Content-Encoding")

Page = tuple[bytes, Mapping[str, str]]


def bare_app(pages: Mapping[str, Page]) -> Flask:
    """Return an app that passes each request by our guard and returns fixed bytes."""
    app = Flask(__name__, static_folder=None)
    app.extensions["pbf"] = runtime  # the guard looks there for who asks
    app.before_request(guard)
    for path, (body, headers) in pages.items():
        app.add_url_rule(
            path, path, lambda body=body, headers=headers: Response(body, 200, headers)
        )
    return app


def fetch(
    base: str, paths: tuple[str, ...], headers: Mapping[str, str] | None = None
) -> dict[str, Page]:
    """Return a server's responses to some paths as they come over the wire."""
    pages: dict[str, Page] = {}
    for path in paths:
        sent = {"Accept-Encoding": ENCODING, **(headers or {})}
        with requests.get(f"{base}{path}", headers=sent, stream=True, timeout=60) as response:
            response.raise_for_status()
            kept = {name: response.headers[name] for name in COPIED if name in response.headers}
            pages[path] = (response.raw.read(decode_content=False), kept)
    return pages


def main() -> None:
    """Serve the bytes of another server's routes until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--like", required=True)
    options = parser.parse_args()
    token = os.environ.get(TOKEN)
    headers = {"Authorization": f"Bearer {token}"} if token else None
    app = bare_app(fetch(options.like, PATHS, headers))
    serve(app, host="127.0.0.1", port=options.port, threads=THREADS, ident=None)


if __name__ == "__main__":
    main()
