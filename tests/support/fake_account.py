"""Fivetran's two lists of connections, over connections that a test changes."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from pbf.errors import ApiError
from pbf.fivetran.client import ApiClient
from pbf.fivetran.http.transport import Latest

EVERY = "/connections"


class FakeAccount:
    """A stand-in for the transport: it counts the requests by path, and may fail or call back."""

    timeout = 60.0

    def __init__(self, *, page: int = 1000) -> None:
        """Answer with pages of that size, whatever is requested."""
        self.latest = Latest()
        self.connections: list[Any] = []
        self.sent: list[str] = []
        self.error: ApiError | None = None
        self.on_page: Callable[[int], None] = lambda page: None
        self._page = page

    @property
    def client(self) -> ApiClient:
        """A client of this account."""
        return ApiClient(self)  # type: ignore[arg-type]

    def add(self, group_id: str, *ids: str, **fields: Any) -> None:
        """Add connections to a group."""
        status = {"setup_state": "connected", "sync_state": "scheduled"}
        self.connections += [
            {"id": id_, "group_id": group_id, "paused": True, "schema": id_, "status": status}
            | fields
            for id_ in ids
        ]

    def send(self, method: str, path: str, *, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return one page of the account's list, or of a group's."""
        self.sent.append(path)
        if path == EVERY:
            listed = self.connections
            if self.error:
                raise self.error
        else:
            group_id = unquote(path.split("/")[2])
            listed = [row for row in self.connections if row.get("group_id") == group_id]
        start = int(params.get("cursor", 0))
        content: dict[str, Any] = {"items": listed[start : start + self._page]}
        if path == EVERY:
            self.on_page(start // self._page)
        if start + self._page < len(listed):
            content["next_cursor"] = str(start + self._page)
        return content
