"""The run: a sandbox that fails, processes that are killed, and what there is in the end."""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from chaos.plan import shares_of_the_rest, wish
from pbf.sandbox.server import SandboxServer
from pbf.sandbox.store import World
from pbf.store import Store

ROOT = Path(__file__).parents[1]
TIMEOUT = 1.0
DELAY = 1.5
LOOK = 0.1
LONGEST = 1800.0


@dataclass(kw_only=True)
class Plan:
    """How large a run is; `kill_every` and `first_kill` are seconds."""

    creations: int = 1000
    processes: int = 4
    kill_every: float = 4.0
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
    world = World(seed=plan.seed)
    world.control.reset(populated=False)
    world.control.set_limits("off")
    with tempfile.TemporaryDirectory(prefix="pbf-chaos-") as folder, _serving(world) as url:
        database_url = plan.database_url or f"sqlite:///{folder}/chaos.sqlite3"
        for kind, share in shares_of_the_rest():
            world.control.order(kind, share=share, seconds=DELAY, retry_after=1)
        started = time.monotonic()
        crew = Crew(plan, _environment(world, url, database_url), Path(folder))
        crew.work()
        faults = {fault["kind"]: fault["struck"] for fault in world.control.faults()}
        outcome = _examine(plan, world, database_url, crew)
        outcome.faults, outcome.seconds = faults, time.monotonic() - started
        return outcome


class Crew:
    """The processes: started, killed, started again, until all have done their share."""

    def __init__(self, plan: Plan, environment: dict[str, str], folder: Path) -> None:
        """Plan the processes; `work` starts them."""
        self._plan = plan
        self._environment = environment
        self._folder = folder
        self._chance = random.Random(plan.seed)  # noqa: S311  # which to kill is no secret
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self.failed: list[str] = []
        self.kills = 0

    def work(self) -> None:
        """Let them work, killing one of them every few seconds."""
        end = time.monotonic() + LONGEST
        for place in range(self._plan.processes):
            self._start(place)
        next_kill = time.monotonic() + self._plan.kill_every
        try:
            while self._running and time.monotonic() < end:
                time.sleep(LOOK)
                self._reap()
                if time.monotonic() >= next_kill and self.kills < self._plan.most_kills:
                    self._kill_one()
                    next_kill = time.monotonic() + self._plan.kill_every
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
        for place, process in list(self._running.items()):
            if process.poll() is None:
                continue
            del self._running[place]
            if process.returncode:
                told = (self._folder / f"worker-{place}.log").read_text()[-500:]
                self.failed.append(f"process {place} ended with {process.returncode}: {told}")

    def _kill_one(self) -> None:
        if not self._running:
            return
        place = self._chance.choice(sorted(self._running))
        process = self._running[place]
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.kills += 1
            self._start(place)


def _examine(plan: Plan, world: World, database_url: str, crew: Crew) -> Outcome:
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


@contextmanager
def _serving(world: World) -> Iterator[str]:
    with SandboxServer(world=world) as server:
        yield server.url


def _environment(world: World, url: str, database_url: str) -> dict[str, str]:
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
    }
