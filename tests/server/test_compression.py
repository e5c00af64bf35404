import asyncio
import gzip
from concurrent.futures import ThreadPoolExecutor
from posixpath import normpath

import brotli
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pbf.server.compression import Body, CompressStatic

SCRIPT = b"export default 42;\n" * 500


@pytest.fixture
def requests() -> list[str]:
    return []


@pytest.fixture
def client(tmp_path, requests: list[str]) -> TestClient:
    file = tmp_path / "script.js"
    file.write_bytes(SCRIPT)

    def script(request: Request) -> Response:
        requests.append(request.url.path)
        return FileResponse(file, headers={"Cache-Control": "public, immutable"})

    def missing(_: Request) -> Response:
        return PlainTextResponse("not here " * 500, status_code=404)

    def picture(_: Request) -> Response:
        return Response(SCRIPT, media_type="image/png")

    app = Starlette(
        routes=[
            Route("/static/script.js", script),
            Route("/static/missing.js", missing),
            Route("/static/picture.png", picture),
            Route("/elsewhere/script.js", script),
        ]
    )
    return TestClient(CompressStatic(app))


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        pytest.param("gzip, deflate, br, zstd", "br", id="browser-on-https"),
        pytest.param("gzip, deflate", "gzip", id="browser-on-http"),
        pytest.param("br;q=0, gzip", "gzip", id="refused"),
        pytest.param("", "identity", id="none"),
        pytest.param("*", "br", id="anything"),
    ],
)
def test_a_body_is_sent_in_the_best_accepted_encoding(accepted: str, chosen: str):
    body = Body(SCRIPT)

    encoding, content = body.choose(accepted)

    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, "identity": bytes}[chosen]
    assert encoding == chosen
    assert unpack(content) == SCRIPT


def test_each_encoding_has_an_etag_that_changes_with_the_content():
    first, second = Body(SCRIPT), Body(SCRIPT + b"!")

    tags = {
        body.etag(encoding) for body in (first, second) for encoding in ("br", "gzip", "identity")
    }

    assert len(tags) == 6
    assert Body(SCRIPT).etag("br") == first.etag("br")


def test_a_small_body_is_not_compressed():
    assert Body(b"[]").choose("gzip, br") == ("identity", b"[]")


def test_a_script_is_compressed_once_and_keeps_its_headers(client: TestClient, requests: list[str]):
    answers = [
        client.get("/static/script.js", headers={"Accept-Encoding": encoding})
        for encoding in ("br", "gzip", "identity", "br")
    ]

    assert [answer.content for answer in answers] == [SCRIPT] * 4
    assert [answer.headers.get("content-encoding") for answer in answers] == [
        "br",
        "gzip",
        None,
        "br",
    ]
    assert {answer.headers["cache-control"] for answer in answers} == {"public, immutable"}
    assert {answer.headers["vary"] for answer in answers} == {"Accept-Encoding"}
    assert len(requests) == 1


@pytest.mark.parametrize(
    "path", ["/static/missing.js", "/static/picture.png", "/elsewhere/script.js"]
)
def test_other_responses_pass_unchanged(client: TestClient, path: str):
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})

    assert "content-encoding" not in answer.headers
    assert len(answer.content) > 1000


@pytest.mark.parametrize("place", ["/static/{}script.js", "/static/script.js{}", "/static/{}"])
def test_only_one_spelling_of_a_path_is_cached(tmp_path, place: str):
    file = tmp_path / "script.js"
    file.write_bytes(SCRIPT)
    page = HTMLResponse("<p>" * 1000)

    async def streamlit(scope, receive, send) -> None:
        """Serve the file under any spelling of its path, and the page under any other path."""
        named = normpath(scope["path"]) == "/static/script.js"
        await (FileResponse(file) if named else page)(scope, receive, send)

    middleware = CompressStatic(streamlit)
    client = TestClient(middleware)

    for number in range(200):
        for spelling in ("/" * number, "./" * number, f"{number}"):
            assert client.get(f"http://testserver{place.format(spelling)}").status_code == 200

    assert set(middleware._files) <= {"/static/script.js"}


def test_the_cache_is_bounded_and_keeps_the_most_recently_used(tmp_path):
    async def app(scope, receive, send) -> None:
        await Response(SCRIPT, media_type="text/javascript")(scope, receive, send)

    middleware = CompressStatic(app, size=10 * len(SCRIPT))
    client = TestClient(middleware)

    for number in range(50):
        client.get(f"/static/{number}.js")
        client.get("/static/0.js")

    assert len(middleware._files) == 10
    assert {"/static/0.js", "/static/49.js"} <= set(middleware._files)
    assert middleware._size == 10 * len(SCRIPT)


def test_a_range_of_a_script_can_still_be_requested(client: TestClient):
    client.get("/static/script.js", headers={"Accept-Encoding": "gzip"})

    answer = client.get("/static/script.js", headers={"Range": "bytes=0-5"})

    assert (answer.status_code, answer.content) == (206, SCRIPT[:6])


def test_an_incomplete_response_is_not_cached():
    sizes = iter((0, len(SCRIPT)))

    async def app(scope, receive, send) -> None:
        headers = [(b"content-type", b"text/javascript")]
        headers.append((b"content-length", str(len(SCRIPT)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": SCRIPT[: next(sizes)]})

    middleware = CompressStatic(app)
    scope = {"type": "http", "method": "GET", "path": "/static/a.js", "headers": []}
    sent: list[dict] = []

    async def send(message: dict) -> None:
        sent.append(message)

    # In a thread: the main one may have the browser tests' event loop.
    with ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            pool.submit(asyncio.run, middleware(scope, None, send)).result()

    assert [message.get("body") for message in sent] == [None, SCRIPT]
