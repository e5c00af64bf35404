import pytest
from flask import Flask, redirect, request
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket

from pbf.config import Settings
from pbf.server.path_prefix.asgi import RemovePrefix
from pbf.server.path_prefix.wsgi import UnderPrefix

HERE = Settings(public_url="https://shared.example/data")


async def show(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.scope['path']} {request.scope['raw_path'].decode()}")


async def leave(_request: Request) -> RedirectResponse:
    return RedirectResponse("/_/sign-in?next=%2F", status_code=303)


async def greet(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(socket.scope["path"])
    await socket.close()


@pytest.fixture
def client() -> TestClient:
    """A client of an app below a prefix."""
    routes = [
        Route("/leave", leave),
        WebSocketRoute("/_stcore/stream", greet),
        Route("/{path:path}", show),
    ]
    app = RemovePrefix(Starlette(routes=routes), read=lambda: HERE)
    return TestClient(app, follow_redirects=False)


@pytest.mark.parametrize("path", ["/data/a%20b", "/a%20b"], ids=["kept", "removed"])
def test_the_app_sees_its_own_path(client: TestClient, path: str):
    assert client.get(path).text == "/a b /a%20b"


@pytest.mark.parametrize("path", ["/data/leave", "/leave"], ids=["kept", "removed"])
def test_a_redirect_of_the_app_leads_below_the_prefix(client: TestClient, path: str):
    assert client.get(path).headers["Location"] == "/data/_/sign-in?next=%2F"


def test_the_prefix_without_a_slash_leads_to_the_page(client: TestClient):
    assert client.get("/data?embed=true").headers["Location"] == "/data/?embed=true"


def test_a_socket_is_found_below_the_prefix(client: TestClient):
    with client.websocket_connect("/data/_stcore/stream") as socket:
        assert socket.receive_text() == "/_stcore/stream"


def test_without_a_path_in_the_address_nothing_changes():
    app = RemovePrefix(Starlette(routes=[Route("/leave", leave)]), read=Settings)

    response = TestClient(app, follow_redirects=False).get("/leave")

    assert response.headers["Location"] == "/_/sign-in?next=%2F"


@pytest.mark.parametrize("path", ["/data/where", "/where"], ids=["kept", "removed"])
def test_a_wsgi_app_knows_the_prefix(path: str):
    flask = Flask(__name__)
    flask.add_url_rule("/where", view_func=lambda: f"{request.script_root} {request.path}")
    flask.wsgi_app = UnderPrefix(flask.wsgi_app, lambda: HERE)  # type: ignore[method-assign]

    assert flask.test_client().get(path).text == "/data /where"


def test_a_redirect_of_a_wsgi_app_leads_below_the_prefix():
    flask = Flask(__name__)
    flask.add_url_rule("/leave", endpoint="leave", view_func=lambda: redirect("/connectors"))
    flask.wsgi_app = UnderPrefix(flask.wsgi_app, lambda: HERE)  # type: ignore[method-assign]

    response = flask.test_client().get("/data/leave")

    assert response.headers["Location"] == "/data/connectors"
