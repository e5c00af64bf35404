"""People who create, delete, restore, reschedule and sync connectors, and repeat what failed."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from chaos.soak.plan import Plan
from pbf.sandbox.core.errors import SandboxError
from pbf.sandbox.sandbox import Sandbox

FREQUENCIES = (60, 120, 180, 360, 480, 720, 1440)
TIMEOUT = 30.0
# A request that has no final answer by then has failed.
PATIENCE = 120.0
PAUSE = 0.3
KEPT = 4
IN_PROGRESS = "in_progress"
# A deletion whose first answer was lost finds nothing; a sync may be under way, or a restoration
# too late. A 404 for a connector that exists is no final answer: for some seconds another process
# may not know what was created or restored.
FINAL = {
    "reschedule": (200,),
    "sync": (200, 409),
    "delete": (200, 404),
    "restore": (200, 404),
}


@dataclass
class Owned:
    """A connector of a person, as the answers say it is.

    `asked` counts the answered requests by their action.
    """

    connector_id: str
    schema: str
    frequency: int = 0
    is_deleted: bool = False
    asked: Counter[str] = field(default_factory=Counter)


class Person:
    """Works on connectors of their own until stopped, and ends what was begun."""

    def __init__(self, name: str, urls: Sequence[str], world: Sandbox, plan: Plan) -> None:
        """Call these addresses in turn."""
        self._name = name
        self._urls = urls
        self._world = world
        self._pause = plan.pause
        self._random = random.Random(f"{plan.seed}-{name}")  # noqa: S311  # not a secret
        self._session = requests.Session()
        self._session.trust_env = False
        self.stopped = threading.Event()
        self.connectors: list[Owned] = []
        self.statuses: Counter[int] = Counter()
        self.failed: list[str] = []

    def work(self) -> None:
        """Do one thing after another."""
        actions = (
            *(self._reschedule, self._reschedule, self._sync),
            *(self._delete, self._delete_and_restore, self._delete_for_good),
        )
        while not self.stopped.wait(self._pause):
            present = [owned for owned in self.connectors if not owned.is_deleted]
            if len(present) < KEPT:
                self._create()
            else:
                self._random.choice(actions)(self._random.choice(present))
        self._session.close()

    def _create(self) -> None:
        schema = f"{self._name}_{len(self.connectors)}"
        body = {"service": "stripe", "name": schema}
        answer = self._ask("POST", "", body, {"Idempotency-Key": schema})
        if answer is None or answer.status_code != 200:
            self._fail(f"create {schema}", answer)
            return
        created = answer.json()
        self.connectors.append(Owned(created["id"], schema, asked=Counter(["create"])))
        try:
            self._world.control.mend(created["id"])
        except SandboxError:
            self.failed.append(f"create {schema}: it does not exist")

    def _reschedule(self, owned: Owned) -> None:
        others = [minutes for minutes in FREQUENCIES if minutes != owned.frequency]
        frequency = self._random.choice(others)
        answer = self._do("reschedule", owned, "PATCH", "", {"sync_frequency": frequency})
        if answer is not None and answer.status_code == 200:
            owned.frequency = frequency

    def _sync(self, owned: Owned) -> None:
        self._do("sync", owned, "POST", "/sync")

    def _delete(self, owned: Owned) -> None:
        self._do("delete", owned, "DELETE")
        owned.is_deleted = True

    def _delete_for_good(self, owned: Owned) -> None:
        self._do("delete", owned, "DELETE", "?now=true")
        owned.is_deleted = True

    def _delete_and_restore(self, owned: Owned) -> None:
        self._do("delete", owned, "DELETE")
        answer = self._do("restore", owned, "POST", "/restore")
        # Too late if it was long until a process answered.
        owned.is_deleted = answer is not None and answer.status_code == 404

    def _do(
        self, action: str, owned: Owned, method: str, path: str = "", body: Any = None
    ) -> requests.Response | None:
        final = FINAL[action]
        answer = self._ask(
            method,
            f"/{owned.connector_id}{path}",
            body,
            is_gone=lambda: owned.connector_id not in self._world.connections,
        )
        if answer is None or answer.status_code not in final:
            self._fail(f"{action} {owned.schema}", answer)
        elif answer.status_code == 200:
            owned.asked[action] += 1
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Any = None,
        *,
        is_gone: Callable[[], bool] = lambda: True,
    ) -> requests.Response | None:
        """Repeat a request until its answer is final; None if it never was.

        A 404 is final only if the connector `is_gone`.
        """
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            url = f"{self._random.choice(self._urls)}/_/connectors{path}"
            try:
                answer = self._session.request(
                    method, url, json=body, headers=headers, timeout=TIMEOUT
                )
            except requests.RequestException:
                self.statuses[0] += 1
            else:
                self.statuses[answer.status_code] += 1
                is_wrong = answer.status_code == 404 and not is_gone()
                if not (_is_temporary(answer) or is_wrong):
                    return answer
            time.sleep(PAUSE)
        return None

    def _fail(self, what: str, answer: requests.Response | None) -> None:
        reason = f"{answer.status_code} {answer.text[:200]}" if answer is not None else "no answer"
        self.failed.append(f"{what}: {reason}")


def _is_temporary(answer: requests.Response) -> bool:
    if answer.status_code in (429, 500, 502, 503, 504):
        return True
    if answer.status_code != 409:
        return False
    return bool(answer.json()["error"]["code"] == IN_PROGRESS)
