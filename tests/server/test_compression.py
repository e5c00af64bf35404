import gzip
from pathlib import Path
from posixpath import normpath

import brotli
import pytest
from starlette.responses import FileResponse, HTMLResponse
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from pbf.server.compression import Body, CompressStatic, static_folder

SCRIPT = b"export default 42;\n" * 500


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of static files."""
    (tmp_path / "js").mkdir()
    for name in ("js/script.js", "style.css", "picture.png"):
        (tmp_path / name).write_bytes(SCRIPT)
    return tmp_path


@pytest.fixture
def client(folder: Path) -> TestClient:
    """A server of that folder, which answers other requests with a page, as Streamlit does."""
    page = HTMLResponse("<p>" * 1000)

    async def streamlit(scope, receive, send) -> None:
        named = folder / normpath(scope["path"]).removeprefix("/static/")
        await (FileResponse(named) if named.is_file() else page)(scope, receive, send)

    return TestClient(CompressStatic(streamlit, folder=folder))


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


def test_a_script_is_read_once_and_sent_in_each_encoding(client: TestClient, folder: Path):
    answers = []
    for encoding in ("br", "gzip", "identity", "br"):
        answers.append(client.get("/static/js/script.js", headers={"Accept-Encoding": encoding}))
        (folder / "js" / "script.js").write_bytes(b"changed")

    assert [answer.content for answer in answers] == [SCRIPT] * 4
    assert [answer.headers.get("content-encoding") for answer in answers] == [
        "br",
        "gzip",
        None,
        "br",
    ]
    assert {answer.headers["content-type"] for answer in answers} == {
        "text/javascript; charset=utf-8"
    }
    assert {answer.headers["cache-control"] for answer in answers} == {
        "public, immutable, max-age=31536000"
    }
    assert {answer.headers["vary"] for answer in answers} == {"Accept-Encoding"}


def test_a_style_is_compressed(client: TestClient):
    answer = client.get("/static/style.css", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.content == SCRIPT


@pytest.mark.parametrize(
    "path",
    [
        "/static/picture.png",
        "/js/script.js",
        "/statics/missing.js",
    ],
)
def test_other_responses_pass_unchanged(client: TestClient, path: str):
    answer = client.get(f"http://testserver{path}", headers={"Accept-Encoding": "gzip"})

    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers
    assert "cache-control" not in answer.headers
    assert len(answer.content) > 1000


@pytest.mark.parametrize(
    "path",
    [
        "/static/missing.js",
        "/static/",
        "/static/js",
        *(
            place.format(spelling)
            for place in ("/static/js/{}script.js", "/static/js/script.js{}", "/static/{}")
            for spelling in ("/", "//", "1")
        ),
    ],
)
def test_files_that_do_not_exist_are_not_found(client: TestClient, path: str):
    answer = client.get(f"http://testserver{path}", headers={"Accept-Encoding": "gzip"})

    assert (answer.status_code, answer.text) == (404, "There is nothing here.\n")


def test_headers_alone_and_a_range_of_a_script_can_still_be_requested(client: TestClient):
    client.get("/static/js/script.js", headers={"Accept-Encoding": "gzip"})

    head = client.head("/static/js/script.js")
    answer = client.get("/static/js/script.js", headers={"Range": "bytes=0-5"})

    assert head.headers["content-length"] == str(len(SCRIPT))
    assert (answer.status_code, answer.content) == (206, SCRIPT[:6])


def test_streamlits_own_scripts_and_styles_are_served_as_it_serves_them():
    folder = static_folder()
    streamlit = StaticFiles(directory=folder.parent)
    plain, compressed = TestClient(streamlit), TestClient(CompressStatic(streamlit))
    paths = [
        f"/static/{next(folder.rglob(pattern)).relative_to(folder).as_posix()}"
        for pattern in ("index.*.js", "*.css", "*.svg")
    ]

    for path in paths:
        own, ours = plain.get(path), compressed.get(path)

        assert ours.content == own.content
        assert ours.headers["content-type"] == own.headers["content-type"]
