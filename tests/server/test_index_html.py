"""Streamlit's page starts sooner: it contains its server's address and preloads its scripts."""

import json
import re
import threading
from importlib.resources import files

import brotli
import pytest
from starlette.applications import Starlette
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.web.server.starlette.starlette_routes import create_host_config_routes

from pbf.server.index_html import ServeIndexHtml, index_html
from pbf.server.security_headers import digest_source, inline_scripts

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


FIRST = b'<div id="pbf-first">Connectors of Acme</div>'


def with_first_screen(draw, *, patience: float = 60.0) -> TestClient:
    """An app whose page has a first screen."""
    page = {"Cache-Control": "no-cache"}
    routes = [
        Route(path, lambda _: FileResponse(str(STATIC.joinpath("index.html")), headers=page))
        for path in ("/services", "/connectors")
    ]
    return TestClient(
        ServeIndexHtml(Starlette(routes=routes), first_screen=draw, patience=patience)
    )


def test_a_first_screen_comes_with_a_page_that_nobody_else_may_keep():
    asked = []

    def draw(path: str, session_id: str | None, url: str) -> bytes:
        asked.append((path, session_id, url))
        return FIRST

    response = with_first_screen(draw).get("/services", headers={"X-PBF-Session": "of-ada"})

    assert asked == [("/services", "of-ada", "http://testserver/services")]
    assert FIRST in response.content
    assert response.content.replace(b"\n", b"").endswith(b"</script>  </body></html>")
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in response.headers


def test_a_first_screen_comes_with_streamlits_styles_and_waits_for_no_script():
    page = with_first_screen(lambda *_: FIRST).get("/services").text
    before, later = page.split('<template id="pbf-later">')

    [link] = re.findall(r'<link[^>]* rel="stylesheet"[^>]*>', page)
    assert link.startswith("<link disabled ")
    assert "/static/js/" not in before
    assert '<script type="module"' in later
    [font] = re.findall(r"@font-face\{[^}]*Source Sans[^}]*font-style:normal[^}]*\}", before)
    [file] = re.findall(r"url\(\./(static/media/[^)]*)\)", font)
    assert STATIC.joinpath(file).is_file()


def test_the_script_of_a_first_screen_is_allowed_by_its_digest():
    page = with_first_screen(lambda *_: FIRST).get("/services").content

    scripts = re.findall(rb"<script>(.*?)</script>", page, re.DOTALL)

    assert len(scripts) == 3
    assert {digest_source(script) for script in scripts} == set(inline_scripts())


def test_each_visitor_gets_the_first_screen_of_their_own_session():
    client = with_first_screen(lambda _path, session_id, _url: (session_id or "").encode())

    pages = {
        name: client.get("/services", headers={"X-PBF-Session": name}) for name in ("a1", "b2")
    }

    assert "</style>a1" in pages["a1"].text
    assert "</style>b2" not in pages["a1"].text
    assert "</style>b2" in pages["b2"].text


@pytest.mark.parametrize(
    ("path", "draw"),
    [
        pytest.param("/services", lambda *_: None, id="none now"),
        pytest.param("/services?q=sales", lambda *_: FIRST, id="parameters change it"),
        pytest.param("/services", lambda *_: 1 / 0, id="error"),
    ],
)
def test_without_a_first_screen_the_page_is_as_usual(path, draw, caplog):
    response = with_first_screen(draw).get(path)

    assert response.content == index_html()
    assert response.headers["Cache-Control"] == "no-cache"
    assert ("could not be drawn" in caplog.text) == ("ZeroDivisionError" in caplog.text)


def test_the_page_does_not_wait_for_a_slow_first_screen():
    released = threading.Event()

    def draw(*_: object) -> bytes:
        released.wait(60)
        return FIRST

    with with_first_screen(draw, patience=0.01) as client:
        response = client.get("/services")
        released.set()

    assert response.content == index_html()
