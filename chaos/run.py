"""The run: a sandbox that fails, processes that are killed, and what there is in the end."""

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

from chaos.plan import FAULTS, shares_of_the_rest, wish
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.server import SandboxServer
from pbf.store.store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROOT = Path(__file__).parents[1]
TIMEOUT = 1.0
DELAY = 1.5
LOOK = 0.1
LONGEST = 1800.0
CREATE = "/v1/connections"


@dataclass(kw_only=True)
class Plan:
    """How large a run is; a process is killed after every `kill_every` requests to create."""

    creations: int = 1000
    processes: int = 4
    kill_every: int = 75
    most_kills: int = 1_000_000
    seed: int = 1
    database_url: str | None = None


@dataclass(kw_only=True)
class Outcome:
    """What there is after a run."""

    asked: int
    connectors: int
    duplicates: list[str]
    missing: list[str]
    strangers: list[str]
    misnamed: list[str]
    unsettled: int
    failed: list[str]
    kills: int
    calls: int
    faults: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether each creation led to one connector of its name, and nothing is open."""
        wrong = (self.duplicates, self.missing, self.strangers, self.misnamed, self.failed)
        return not any(wrong) and not self.unsettled and self.connectors == self.asked


def run(plan: Plan) -> Outcome:
    """Run it and return what there is in the end."""
    world = Sandbox(seed=plan.seed)
    world.control.reset(populated=False)
    world.control.set_limits("off")
    with (
        tempfile.TemporaryDirectory(prefix="pbf-chaos-") as folder,
        SandboxServer(world=world) as server,
    ):
        database_url = plan.database_url or f"sqlite:///{folder}/chaos.sqlite3"
        order_faults(world)
        started = time.monotonic()
        crew = Crew(plan, _environment(world, server.url, database_url), Path(folder))
        watched = KillDuringCreation(server.app.wsgi_app, plan, crew.kill_one)
        server.app.wsgi_app = watched  # type: ignore[method-assign]
        crew.work()
        faults = struck(world)
        outcome = _examine(plan, world, database_url, crew)
        outcome.faults, outcome.seconds = faults, time.monotonic() - started
        return outcome


def order_faults(world: Sandbox) -> None:
    """Order each kind of fault once for certain, and then for its share of the requests."""
    for kind in FAULTS:
        world.control.add_fault(kind, times=1, seconds=DELAY, retry_after=1)
    for kind, share in shares_of_the_rest():
        world.control.add_fault(kind, share=share, seconds=DELAY, retry_after=1)


def struck(world: Sandbox) -> dict[str, int]:
    """Return how many requests each kind of fault struck."""
    ordered = world.control.faults()
    # A fault that was ordered once is no longer listed after it has struck.
    waiting = {fault["kind"] for fault in ordered if fault["times"] is not None}
    shares = {fault["kind"]: fault["struck"] for fault in ordered if fault["times"] is None}
    return {kind: count + (kind not in waiting) for kind, count in shares.items()}


class KillDuringCreation:
    """WSGI middleware: kills a process while one of its requests to create is being answered.

    The request is counted after its work is done, and answered after the kill. So the processes
    cannot be done before the kill, however fast they are.
    """

    def __init__(self, app: "WSGIApplication", plan: Plan, kill: Callable[[], None]) -> None:
        """Stand before the sandbox's app."""
        self._app = app
        self._plan = plan
        self._kill = kill
        self._lock = threading.Lock()
        self._created = 0
        self._kills = 0

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request, after a kill if it is one's time."""
        response = self._app(environ, start_response)
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == CREATE:
            with self._lock:
                self._created += 1
                due = self._created // self._plan.kill_every
                if self._kills < min(due, self._plan.most_kills):
                    self._kills += 1
                    self._kill()
        return response


class Crew:
    """The processes: started, killed, started again, until all have done their share."""

    def __init__(self, plan: Plan, environment: dict[str, str], folder: Path) -> None:
        """Plan the processes; `work` starts them."""
        self._plan = plan
        self._environment = environment
        self._folder = folder
        self._chance = random.Random(plan.seed)  # noqa: S311  # which to kill is no secret
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        # Processes are killed from the thread of a request.
        self._lock = threading.RLock()
        self.failed: list[str] = []
        self.kills = 0

    def work(self) -> None:
        """Let them work until all are done; one that was killed starts again."""
        end = time.monotonic() + LONGEST
        with self._lock:
            for place in range(self._plan.processes):
                self._start(place)
        try:
            while self._running and time.monotonic() < end:
                time.sleep(LOOK)
                self._reap()
            if self._running:
                self.failed.append(f"not done after {LONGEST:g} seconds")
        finally:
            for process in self._running.values():
                process.kill()
                process.wait()

    def _start(self, place: int) -> None:
        given = (place, self._plan.processes, self._plan.creations)
        with (self._folder / f"worker-{place}.log").open("ab") as log:
            self._running[place] = subprocess.Popen(
                [sys.executable, "-m", "chaos.worker", *map(str, given)],
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def _reap(self) -> None:
        with self._lock:
            for place, process in list(self._running.items()):
                if process.poll() is None:
                    continue
                del self._running[place]
                if process.returncode:
                    told = (self._folder / f"worker-{place}.log").read_text()[-500:]
                    self.failed.append(f"process {place} ended with {process.returncode}: {told}")

    def kill_one(self) -> None:
        """Kill one of the processes that are at work, and start it again."""
        with self._lock:
            at_work = [place for place, one in self._running.items() if one.poll() is None]
            if not at_work:
                return
            place = self._chance.choice(sorted(at_work))
            process = self._running[place]
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.kills += 1
            self._start(place)


def _examine(plan: Plan, world: Sandbox, database_url: str, crew: Crew) -> Outcome:
    wanted = {wish(number).schema: wish(number) for number in range(plan.creations)}
    made = list(world.connections.values())
    times = Counter(one.schema for one in made)
    store = Store(database_url)
    names, unsettled = store.names(), len(store.creations.unsettled(world.group_id))
    store.close()
    return Outcome(
        asked=plan.creations,
        connectors=len(made),
        duplicates=sorted(schema for schema, count in times.items() if count > 1),
        missing=sorted(wanted.keys() - times.keys()),
        strangers=sorted(times.keys() - wanted.keys()),
        misnamed=sorted(
            one.schema
            for one in made
            if one.schema in wanted and names.get((one.id, one.schema)) != wanted[one.schema].typed
        ),
        unsettled=unsettled,
        failed=crew.failed,
        kills=crew.kills,
        calls=world.control.log.total,
    )


def _environment(world: Sandbox, url: str, database_url: str) -> dict[str, str]:
    foreign = ("FIVETRAN_", "PBF_", "STREAMLIT_")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "FIVETRAN_API_URL": url,
        "FIVETRAN_API_KEY": world.api_key,
        "FIVETRAN_API_SECRET": world.api_secret,
        "FIVETRAN_GROUP_ID": world.group_id,
        "PBF_DATABASE_URL": database_url,
        "PBF_TIMEOUT": str(TIMEOUT),
        "PBF_TOTAL_ACTION_LIMIT": "off",
    }
