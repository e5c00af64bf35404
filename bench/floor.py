"""The floor of the routes: a bare Flask app behind our guard, with another server's bytes."""

import argparse
from collections.abc import Mapping

import requests
from flask import Flask, Response
from waitress import serve

from pbf.api.guard import guard
from pbf.server.waitress_server import THREADS

PATHS = ("/_/services", "/_/connectors")
ENCODING = "gzip"
KEPT = ("Content-Type", "Content-Encoding")

Page = tuple[bytes, Mapping[str, str]]


def bare_app(pages: Mapping[str, Page]) -> Flask:
    """Return an app that passes each request by the guard and returns the path's ready bytes."""
    app = Flask(__name__, static_folder=None)
    app.before_request(guard)
    for path, (body, headers) in pages.items():
        app.add_url_rule(
            path, path, lambda body=body, headers=headers: Response(body, 200, headers)
        )
    return app


def fetch(base: str, paths: tuple[str, ...]) -> dict[str, Page]:
    """Return what a server answers to some paths, as it comes over the wire."""
    pages = {}
    for path in paths:
        with requests.get(
            f"{base}{path}", headers={"Accept-Encoding": ENCODING}, stream=True, timeout=60
        ) as answer:
            answer.raise_for_status()
            headers = {name: answer.headers[name] for name in KEPT if name in answer.headers}
            pages[path] = (answer.raw.read(decode_content=False), headers)
    return pages


def main() -> None:
    """Serve the bytes of a server's routes until ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--like", required=True)
    chosen = parser.parse_args()
    app = bare_app(fetch(chosen.like, PATHS))
    serve(app, host="127.0.0.1", port=chosen.port, threads=THREADS, ident=None)


if __name__ == "__main__":
    main()
