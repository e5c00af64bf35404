"""Streamlit's page starts sooner: it contains its server's address and preloads its scripts."""

import json
import re
from importlib.resources import files

import brotli
import pytest
from starlette.applications import Starlette
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.web.server.starlette.starlette_routes import create_host_config_routes

from pbf.server.index_html import ServeIndexHtml, index_html

STATIC = files("streamlit").joinpath("static")


@pytest.fixture
def client() -> TestClient:
    """An app in place of Streamlit that responds with its page."""
    page = {"Cache-Control": "no-cache"}
    routes = [
        Route(path, lambda _: FileResponse(str(STATIC.joinpath("index.html")), headers=page))
        for path in ("/", "/connect", "/connector")
    ] + [
        Route("/script", lambda _: PlainTextResponse("script")),
        Route("/missing", lambda _: HTMLResponse("<p>missing", status_code=404)),
        Route("/_/docs", lambda _: HTMLResponse("<p>docs")),
    ]
    return TestClient(ServeIndexHtml(Starlette(routes=routes), mounted=("/_",)))


def test_it_contains_streamlits_page_and_the_address_of_the_server():
    page, streamlits = index_html().decode(), STATIC.joinpath("index.html").read_text()
    head, rest = streamlits.split("</head>")
    body, end = rest.split("</body>")

    assert page.startswith(head)
    assert f"</head>{body}" in page
    assert page.endswith(f"</body>{end}")
    assert 'BACKEND_BASE_URL: new URL(".", location.href).href' in page


def test_it_contains_the_host_configuration():
    match = re.search(r"HOST_CONFIG: (\{.*?\}),\n", index_html().decode())
    (route,) = create_host_config_routes(None)

    answer = TestClient(Starlette(routes=[route])).get("/_stcore/host-config").json()

    embedded = json.loads(match[1])
    assert embedded == {name: answer[name] for name in embedded}
    # Without both of these, Streamlit's page asks the server first.
    assert set(embedded) == {"allowedOrigins", "useExternalAuthToken"}


def test_our_styles_come_after_streamlits():
    _, _, body = index_html().decode().partition("</head>")

    assert ".pbf-banner" in body


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/", {"Html", "BidiComponent", "purify", "serialization"}, id="most"),
        pytest.param(
            "/connect", {"Html", "TextInput", "Button", "PageLink", "useField"}, id="form"
        ),
        pytest.param("/connector", {"Html", "PageLink", "Button", "ButtonGroup"}, id="connector"),
    ],
)
def test_every_script_of_our_pages_is_preloaded_once(client, path, expected):
    linked = re.findall(r'modulepreload" crossorigin href="\./(\S+)"', client.get(path).text)

    names = [name.rpartition("/")[2].partition(".")[0] for name in linked]
    assert expected <= set(names)
    assert len(linked) == len(set(linked))
    assert all(STATIC.joinpath(name).is_file() for name in linked)


def test_it_replaces_streamlits_page_in_an_accepted_encoding(client):
    plain = client.get("/", headers={"Accept-Encoding": "identity"})
    with client.stream("GET", "/", headers={"Accept-Encoding": "br"}) as small:
        packed = b"".join(small.iter_raw())

    assert plain.content == brotli.decompress(packed) == index_html()
    assert plain.headers["Cache-Control"] == "no-cache"
    assert int(small.headers["Content-Length"]) == len(packed) < len(plain.content) / 3


@pytest.mark.parametrize(
    ("path", "text"),
    [("/script", "script"), ("/missing", "<p>missing"), ("/_/docs", "<p>docs")],
)
def test_other_responses_stay_unchanged(client, path, text):
    assert client.get(path).text == text
