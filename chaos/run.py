"""A run: a sandbox with faults, processes that are killed, and the outcome."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.plan import FAULTS, creation, shares_of_the_rest
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.server import SandboxServer
from pbf.store.store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROOT = Path(__file__).parents[1]
TIMEOUT = 1.0
DELAY = 1.5
POLL = 0.1
MAX_SECONDS = 1800.0
CREATE = "/v1/connections"


@dataclass(kw_only=True)
class Plan:
    """The size of a run; a process is killed after every `kill_every` requests to create."""

    creations: int = 1000
    processes: int = 4
    kill_every: int = 75
    max_kills: int = 1_000_000
    seed: int = 1
    database_url: str | None = None


@dataclass(kw_only=True)
class Outcome:
    """The state after a run."""

    requested: int
    connectors: int
    duplicates: list[str]
    missing: list[str]
    unexpected: list[str]
    misnamed: list[str]
    unsettled: int
    failed: list[str]
    kills: int
    calls: int
    faults: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether each creation led to one connector with its name and no attempt is unsettled."""
        errors = (self.duplicates, self.missing, self.unexpected, self.misnamed, self.failed)
        return not any(errors) and not self.unsettled and self.connectors == self.requested


def run(plan: Plan) -> Outcome:
    """Carry out a run and return its outcome."""
    world = Sandbox(seed=plan.seed)
    world.control.reset(populated=False)
    world.control.set_limits("off")
    with (
        tempfile.TemporaryDirectory(prefix="pbf-chaos-") as folder,
        SandboxServer(world=world) as server,
    ):
        database_url = plan.database_url or f"sqlite:///{folder}/chaos.sqlite3"
        schedule_faults(world)
        started = time.monotonic()
        workers = WorkerPool(plan, _environment(world, server.url, database_url), Path(folder))
        killing = KillDuringCreation(server.app.wsgi_app, plan, workers.kill_one)
        server.app.wsgi_app = killing  # type: ignore[method-assign]
        workers.work()
        faults = injected_faults(world)
        outcome = _examine(plan, world, database_url, workers)
        outcome.faults, outcome.seconds = faults, time.monotonic() - started
        return outcome


def schedule_faults(world: Sandbox) -> None:
    """Inject each kind of fault once for certain, then into its share of the requests."""
    for kind in FAULTS:
        world.control.add_fault(kind, times=1, seconds=DELAY, retry_after=1)
    for kind, share in shares_of_the_rest():
        world.control.add_fault(kind, share=share, seconds=DELAY, retry_after=1)


def injected_faults(world: Sandbox) -> dict[str, int]:
    """Return the number of requests with each kind of fault."""
    scheduled = world.control.faults()
    # A fault that was scheduled once is not listed after it was injected.
    waiting = {fault["kind"] for fault in scheduled if fault["times"] is not None}
    shares = {fault["kind"]: fault["struck"] for fault in scheduled if fault["times"] is None}
    return {kind: count + (kind not in waiting) for kind, count in shares.items()}


class KillDuringCreation:
    """WSGI middleware that kills a process while a request to create is in progress.

    A request is counted after the sandbox has handled it, and answered after the kill. So the
    processes cannot finish before the kill.
    """

    def __init__(self, app: "WSGIApplication", plan: Plan, kill: Callable[[], None]) -> None:
        """Wrap the sandbox's app."""
        self._app = app
        self._plan = plan
        self._kill = kill
        self._lock = threading.Lock()
        self._created = 0
        self._kills = 0

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request, after a kill if one is due."""
        response = self._app(environ, start_response)
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == CREATE:
            with self._lock:
                self._created += 1
                due = self._created // self._plan.kill_every
                if self._kills < min(due, self._plan.max_kills):
                    self._kills += 1
                    self._kill()
        return response


class WorkerPool:
    """The processes: started, killed and restarted until each has finished its share."""

    def __init__(self, plan: Plan, environment: dict[str, str], folder: Path) -> None:
        """Prepare the processes; `work` starts them."""
        self._plan = plan
        self._environment = environment
        self._folder = folder
        self._random = random.Random(plan.seed)  # noqa: S311  # not a secret
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        # Processes are killed from request threads.
        self._lock = threading.RLock()
        self.failed: list[str] = []
        self.kills = 0

    def work(self) -> None:
        """Run the processes until all have finished."""
        end = time.monotonic() + MAX_SECONDS
        with self._lock:
            for index in range(self._plan.processes):
                self._start(index)
        try:
            while self._running and time.monotonic() < end:
                time.sleep(POLL)
                self._reap()
            if self._running:
                self.failed.append(f"not finished after {MAX_SECONDS:g} seconds")
        finally:
            for process in self._running.values():
                process.kill()
                process.wait()

    def _start(self, index: int) -> None:
        arguments = (index, self._plan.processes, self._plan.creations)
        with (self._folder / f"worker-{index}.log").open("ab") as log:
            self._running[index] = subprocess.Popen(
                [sys.executable, "-m", "chaos.worker", *map(str, arguments)],
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def _reap(self) -> None:
        with self._lock:
            for index, process in list(self._running.items()):
                if process.poll() is None:
                    continue
                del self._running[index]
                if process.returncode:
                    log = (self._folder / f"worker-{index}.log").read_text()[-500:]
                    self.failed.append(f"process {index} ended with {process.returncode}: {log}")

    def kill_one(self) -> None:
        """Kill one running process and restart it."""
        with self._lock:
            active = [index for index, process in self._running.items() if process.poll() is None]
            if not active:
                return
            index = self._random.choice(sorted(active))
            process = self._running[index]
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.kills += 1
            self._start(index)


def _examine(plan: Plan, world: Sandbox, database_url: str, workers: WorkerPool) -> Outcome:
    creations = {creation(number).schema: creation(number) for number in range(plan.creations)}
    connections = list(world.connections.values())
    counts = Counter(connection.schema for connection in connections)
    store = Store(database_url)
    names, unsettled = store.names(), len(store.creations.unsettled(world.group_id))
    store.close()
    return Outcome(
        requested=plan.creations,
        connectors=len(connections),
        duplicates=sorted(schema for schema, count in counts.items() if count > 1),
        missing=sorted(creations.keys() - counts.keys()),
        unexpected=sorted(counts.keys() - creations.keys()),
        misnamed=sorted(
            connection.schema
            for connection in connections
            if connection.schema in creations
            and names.get((connection.id, connection.schema)) != creations[connection.schema].typed
        ),
        unsettled=unsettled,
        failed=workers.failed,
        kills=workers.kills,
        calls=world.control.log.total,
    )


def _environment(world: Sandbox, url: str, database_url: str) -> dict[str, str]:
    prefixes = ("FIVETRAN_", "PBF_", "STREAMLIT_")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(prefixes)}
    return {
        **inherited,
        "PYTHONPATH": str(ROOT),
        "FIVETRAN_API_URL": url,
        "FIVETRAN_API_KEY": world.api_key,
        "FIVETRAN_API_SECRET": world.api_secret,
        "FIVETRAN_GROUP_ID": world.group_id,
        "PBF_DATABASE_URL": database_url,
        "PBF_TIMEOUT": str(TIMEOUT),
        "PBF_TOTAL_ACTION_LIMIT": "off",
    }
