"""The sandbox as a process of its own: faults, and what it has been asked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from chaos.cluster.node import Node
from pbf.sandbox.core.world import API_KEY, API_SECRET, GROUP_ID


class Fivetran:
    """A sandbox with connectors, without rate limits."""

    def __init__(self, folder: Path, connectors: int) -> None:
        """Prepare the process."""
        options = ("--connectors", str(connectors), "--limits", "off")
        command = ("pbf", "sandbox", *options)
        self.node = Node("sandbox", command, folder, {}, health="/_control/state")

    @property
    def settings(self) -> dict[str, str]:
        """The settings of the account."""
        return {
            "FIVETRAN_API_URL": self.node.url,
            "FIVETRAN_API_KEY": API_KEY,
            "FIVETRAN_API_SECRET": API_SECRET,
            "FIVETRAN_GROUP_ID": GROUP_ID,
        }

    def add_fault(self, **fault: object) -> None:
        """Inject a fault, as described by pbf.sandbox.control.fault_rules."""
        self._control("POST", "faults", **fault)

    def seed(self, connectors: int) -> None:
        """Add connectors."""
        self._control("POST", "seed", connectors=connectors)

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._control("DELETE", "faults")

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._control("DELETE", "requests")

    def requests(self) -> list[dict[str, Any]]:
        """Return the latest requests, oldest first."""
        answer = self._control("GET", "requests")
        return [dict(entry) for entry in answer["requests"]]

    def connectors(self) -> Iterator[dict[str, Any]]:
        """Yield the connectors of the group."""
        cursor = None
        while True:
            page = requests.get(
                f"{self.node.url}/v1/groups/{GROUP_ID}/connections",
                params={"limit": "1000", **({"cursor": cursor} if cursor else {})},
                auth=(API_KEY, API_SECRET),
                timeout=60,
            ).json()["data"]
            yield from page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def _control(self, method: str, path: str, /, **body: object) -> dict[str, Any]:
        url = f"{self.node.url}/_control/{path}"
        response = requests.request(method, url, json=body or None, timeout=60)
        response.raise_for_status()
        return dict(response.json())
