"""A small Fivetran whose answers a test writes itself, for what the sandbox would never say."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

GROUP = "our_group"


@contextmanager
def fivetran(
    connections: Sequence[Mapping[str, Any]],
    *,
    service: str = "HubSpot",
    schemas: Mapping[str, Any] | None = None,
    refusal: str = "",
) -> Iterator[dict[str, str]]:
    """Serve an account until the block ends; yield the settings with which a dashboard uses it.

    What changes anything is answered 400 with the text of `refusal`.
    """
    kind = {"id": "hubspot", "name": service, "type": "Marketing", "icons": []}
    answers = {
        "metadata/connector-types": {"items": [kind]},
        "metadata/connector-types/hubspot": {**kind, "config": {"required": ["schema"]}},
        f"groups/{GROUP}": {"id": GROUP, "name": "Ours"},
        f"groups/{GROUP}/connections": {"items": list(connections)},
        **{f"connections/{connection['id']}": connection for connection in connections},
        **{
            f"connections/{connection['id']}/schemas": schemas
            for connection in connections
            if schemas
        },
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(urlsplit(self.path).path.removeprefix("/v1/"))
            self._answer(200 if answer else 404, {"code": "Success", "data": answer})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._answer(400, {"code": "InvalidInput", "message": refusal})

        do_PATCH = do_DELETE = do_POST

        def _answer(self, status: int, body: Mapping[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield {
            "FIVETRAN_API_URL": f"http://127.0.0.1:{server.server_port}",
            "FIVETRAN_API_KEY": "key-of-a-test",
            "FIVETRAN_API_SECRET": "word-of-a-test",
            "FIVETRAN_GROUP_ID": GROUP,
        }
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def connection(number: int, name: str, *, task: str = "") -> dict[str, Any]:
    """A connector that works, or one with a task."""
    status = {
        "setup_state": "connected",
        "sync_state": "scheduled",
        "update_state": "on_schedule",
        "is_historical_sync": False,
        "tasks": [{"code": "other", "message": task}] if task else [],
        "warnings": [],
    }
    return {
        "id": f"c{number}",
        "group_id": GROUP,
        "service": "hubspot",
        "schema": name,
        "created_at": (datetime.now(UTC) - timedelta(days=9)).isoformat(),
        "succeeded_at": (datetime.now(UTC) - timedelta(hours=2)).isoformat(),
        "failed_at": None,
        "paused": False,
        "sync_frequency": 360,
        "schedule_type": "auto",
        "status": status,
    }


def tables(*names: str) -> dict[str, Any]:
    """A source with tables of these names, in two schemas named like the first and the last."""
    switchable = {"enabled": True, "enabled_patch_settings": {"allowed": True}}
    entries = {name: {**switchable, "name_in_destination": name} for name in names}
    return {
        "schema_change_handling": "ALLOW_ALL",
        "schemas": {
            name: {"name_in_destination": name, "enabled": True, "tables": entries}
            for name in (names[0], names[-1])
        },
    }
