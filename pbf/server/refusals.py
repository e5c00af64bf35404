"""Responses to requests that are refused before an app sees them."""

import json
import logging
from http import HTTPStatus
from typing import NamedTuple

from starlette.types import Scope, Send

from pbf.logs import begin_request
from pbf.paths import PREFIX, lies_within

log = logging.getLogger(__name__)


class Refusal(NamedTuple):
    """Why a request is refused: status, code for programs, message for people."""

    status: int
    code: str
    message: str

    @property
    def line(self) -> str:
        """Return the status line for WSGI."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"


NOT_SERVED = Refusal(404, "not_found", "There is nothing here.")


def refusal_response(path: str, refusal: Refusal) -> tuple[list[tuple[str, str]], bytes]:
    """Return headers and body of a refusal: JSON for the routes, plain text for other paths."""
    request_id = begin_request()
    log.info("request refused: %d %s", refusal.status, refusal.code)
    content_type, text = "text/plain; charset=utf-8", f"{refusal.message}\n"
    if lies_within(path, PREFIX):
        error = {"code": refusal.code, "message": refusal.message, "request_id": request_id}
        content_type, text = "application/json", json.dumps({"error": error})
    body = text.encode()
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Request-Id", request_id),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return headers, body


async def send_refusal(scope: Scope, refusal: Refusal, send: Send) -> None:
    """Refuse a request or a WebSocket (ASGI)."""
    pairs, body = refusal_response(scope["path"], refusal)
    headers = [(name.lower().encode(), value.encode()) for name, value in pairs]
    kind = "http.response"
    if scope["type"] == "websocket":
        kind = "websocket.http.response"
        if kind not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008})
            return
    else:
        # Otherwise the rest of the body would be read as the next request.
        headers.append((b"connection", b"close"))
    await send({"type": f"{kind}.start", "status": refusal.status, "headers": headers})
    body = b"" if scope.get("method") == "HEAD" else body
    await send({"type": f"{kind}.body", "body": body})
