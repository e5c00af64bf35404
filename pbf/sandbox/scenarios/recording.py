"""Records a scenario from an account: what its GETs show, without ids and settings."""

import base64
import json
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

from pbf.sandbox.catalogue.services import services
from pbf.sandbox.core.errors import InvalidInput
from pbf.sandbox.scenarios.scenario import ScenarioFile
from pbf.sandbox.webhooks.deliveries import is_loopback

# In seconds, for each request.
TIMEOUT = 60.0
PAGE = 1000


class Account:
    """An account that is read; nothing but GETs is ever sent."""

    def __init__(self, url: str, key: str, secret: str) -> None:
        """Read from a base address, which ends before `/v1`."""
        parts = urlsplit(url)
        is_local = parts.scheme == "http" and is_loopback(parts.hostname or "")
        if parts.scheme != "https" and not is_local:
            raise InvalidInput("The address must start with https://, since the secret is sent.")
        self._url = url.rstrip("/")
        pair = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {pair}", "Accept": "application/json;version=2"}

    def items(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield the items of a list, page after page."""
        query: dict[str, Any] = {"limit": PAGE}
        while True:
            request = Request(f"{self._url}/v1{path}?{urlencode(query)}", headers=self._headers)  # noqa: S310 - checked above
            with urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
                data = json.load(response)["data"]
            yield from data["items"]
            if not data.get("next_cursor"):
                return
            query["cursor"] = data["next_cursor"]


def record(account: Account, *, name: str, keep_names: bool = False) -> ScenarioFile:
    """Return a scenario with the groups and connectors of an account.

    Ids, users and settings are left out. Names of groups and schemas are replaced unless they are
    to be kept. Connectors of services that the sandbox does not have are left out as well.
    """
    numbers = count(1)
    groups = []
    for number, group in enumerate(account.items("/groups"), 1):
        connectors = [
            _connector(item, "" if keep_names else f"connector_{next(numbers):03}")
            for item in account.items(f"/groups/{quote(group['id'])}/connections")
            if item["service"] in services()
        ]
        title = group["name"] if keep_names else f"Group_{number:02}"
        groups.append({"name": title, **({"connectors": connectors} if connectors else {})})
    return ScenarioFile({"name": name, "groups": groups})


def _connector(item: dict[str, Any], schema: str) -> dict[str, Any]:
    name = schema or item["schema"]
    if schema and "." in item["schema"]:
        name = f"{schema}.data"
    recorded: dict[str, Any] = {"service": item["service"], "schema": name}
    if (state := state_of(item)) != "healthy":
        recorded["state"] = state
    if item.get("sync_frequency") not in (None, 360):
        recorded["frequency"] = item["sync_frequency"]
    return recorded


def state_of(item: dict[str, Any]) -> str:
    """Return the state of the sandbox that shows as a connection of the API does."""
    status = item["status"]
    if status["setup_state"] != "connected":
        if status["setup_state"] != "broken":
            return "incomplete"
        return "broken" if status.get("tasks") else "broken_until_sync"
    if item.get("paused") or status["sync_state"] == "paused":
        return "paused"
    if (item.get("failed_at") or "") > (item.get("succeeded_at") or ""):
        return "failing" if status.get("tasks") else "failing_without_task"
    if status["sync_state"] == "syncing":
        return "first_sync" if status.get("is_historical_sync") else "syncing"
    if status["sync_state"] == "rescheduled":
        return "rescheduled"
    return "delayed" if status.get("update_state") == "delayed" else "healthy"
