"""The page with Swagger UI loads only from this server."""

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from pbf.api.openapi.routes import FILES
from tests.support.component_server import new_context
from tests.support.variants import exhaustive


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The routes, served so that a browser can reach them."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_page_runs_only_its_own_scripts(client: FlaskClient):
    page = client.get("/_/docs")

    policy = dict(
        part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; ")
    )
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert (policy["default-src"], policy["script-src"]) == ("'none'", "'self'")
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]* src=)", page.text) == []
    assert client.get("/_/docs/").data == page.data


@pytest.mark.parametrize("name", FILES)
def test_the_pages_files_are_cached_until_they_change(client: FlaskClient, name: str):
    page = client.get("/_/docs").text
    link = re.search(rf'"(/_/docs/{re.escape(name)}\?v=\w+)"', page)

    linked, plain = client.get(link.group(1)), client.get(f"/_/docs/{name}")

    assert (linked.status_code, linked.content_type) == (200, FILES[name][1])
    assert linked.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert plain.headers["Cache-Control"] == "private, no-cache"
    assert plain.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["swagger-ui.js", "docs.html", "..%2f..%2fconfig.py", "%00"])
def test_no_other_file_is_served(client: FlaskClient, name: str):
    answer = client.get(f"/_/docs/{name}")

    assert (answer.status_code, answer.json["error"]["code"]) == (404, "not_found")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", exhaustive("dark")])
def test_the_routes_can_be_tried_in_a_browser_without_other_hosts(
    chromium: Browser, address: str, client: FlaskClient, scheme: Any
):
    requested: list[str] = []
    messages: list[str] = []
    with new_context(chromium, color_scheme=scheme) as context:
        page = context.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.on("console", lambda message: messages.append(message.text))
        connector = client.get("/_/connectors?q=salesforce_crm").json[0]

        page.goto(f"{address}/_/docs")
        operation = page.locator("#operations-One_connector-changeConnector")
        operation.locator(".opblock-summary-control").click()
        operation.get_by_role("button", name="Try it out").click()
        operation.get_by_placeholder("connector_id").fill(connector["id"])
        operation.get_by_role("button", name="Execute").click()
        expect(operation.locator(".live-responses-table")).to_contain_text('"word": "Paused"')

        assert client.get(f"/_/connectors/{connector['id']}").json["paused"] is True
        assert [url for url in requested if not url.startswith((address, "data:"))] == []
        assert messages == []
        assert page.locator("html.dark-mode").count() == (scheme == "dark")
