"""Request bodies beside Streamlit: complete and in time, or refused."""

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

from pbf.server.request_body import LARGEST_BODY, BufferRequestBody
from tests.support.event_loop import complete


async def echo(request: Request) -> Response:
    return Response(await request.body())


APP = Starlette(routes=[Route("/_/", echo, methods=["GET", "POST"])])


def test_a_body_arrives_as_it_was_sent():
    client = TestClient(BufferRequestBody(APP))

    whole = client.post("/_/", content=b"x" * LARGEST_BODY)
    in_parts = client.post("/_/", content=iter([b"one ", b"two"]))

    assert len(whole.content) == LARGEST_BODY
    assert in_parts.content == b"one two"
    assert client.get("/_/").content == b""


@pytest.mark.parametrize(
    "content", [b"x" * (LARGEST_BODY + 1), [b"x" * LARGEST_BODY, b"x"]], ids=["whole", "in-parts"]
)
def test_a_body_that_is_too_large_is_refused(content: Any):
    client = TestClient(BufferRequestBody(APP))

    answer = client.post("/_/", content=content if isinstance(content, bytes) else iter(content))

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert answer.headers["connection"] == "close"


def ask(receive: Any) -> list[dict[str, Any]]:
    """Send a body that the test's own `receive` yields."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/_/",
        "query_string": b"",
        "headers": [(b"content-length", b"10")],
    }
    answered = BufferRequestBody(APP, timeout=0.05)(scope, receive, send)
    complete(answered)
    return sent


def test_a_body_that_does_not_arrive_times_out():
    async def never() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    sent = ask(never)

    assert sent[0]["status"] == 408
    assert b"too_slow" in sent[1]["body"]


def test_a_client_that_disconnected_gets_no_response():
    async def left() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    assert ask(left) == []
