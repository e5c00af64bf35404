"""A run: the account, the processes, what goes wrong, and the differences that remain."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from chaos.timeline.account import Account
from chaos.timeline.comparison import Comparison, Differences
from chaos.timeline.plan import (
    AWAY,
    DAY,
    LOST,
    LOST_ALONE,
    NO_API,
    NO_HISTORY,
    SILENT,
    STOPPED,
    Plan,
    Trouble,
    present,
)
from chaos.timeline.process import TIMEOUT
from chaos.timeline.webhooks import Parcel, Relay, signed
from chaos.timeline.witness import RequestCounter, Shown
from pbf.sandbox.server import SandboxServer
from pbf.store.store import Store

ROOT = Path(__file__).parents[2]
# What is compared on the way: a history that is read later mends what was wrong before.
CHECKS = 15
# At the end nothing goes wrong for so long, and everything is read.
QUIET = 1.25 * DAY
LONGEST_UNTIL_KILL = 0.15
# In seconds of sandbox time.
SETTLING = 60.0


@dataclass
class Result:
    """The differences at the end, those seen on the way, and what happened."""

    final: Differences
    checks: list[Differences]
    kills: int
    requests: int
    failed: int
    hooks: Counter[str]
    changes: Counter[str]
    seconds: float
    troubles: Counter[str] = field(default_factory=Counter)

    def worst(self, name: str) -> int:
        """Return the largest number of differences of a kind, at the end or on the way."""
        return max(len(getattr(one, name)) for one in (self.final, *self.checks))


class Process:
    """A process that takes turns; it can be killed and is then started again."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        """Start it."""
        self._arguments = arguments
        self._log = log
        self._start()

    def begin(self, now: float, parcels: Sequence[Parcel]) -> None:
        """Begin a turn."""
        self._parcels = parcels
        self._write({"now": now, "hooks": [signed(parcel) for parcel in parcels]})

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        self._running.kill()
        self._running.wait()

    def end(self) -> tuple[list[tuple[Parcel, bool]], str]:
        """Wait for the turn's end; return which webhooks are stored, and what sources have shown.

        The second is "" if the process was killed.
        """
        answer = self._read()
        kept = json.loads(answer) if answer else [False] * len(self._parcels)
        shown = self._read() if answer else ""
        if self._running.poll() is not None:
            shown = ""
        if not shown:
            self.stop()
            self._start()
        return list(zip(self._parcels, kept, strict=True)), shown

    def stop(self) -> None:
        """End it, and close its pipes."""
        with self._running:
            self._running.kill()

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                [sys.executable, "-m", "chaos.timeline.process", *self._arguments],
                cwd=self._log.parent,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        stdin, stdout = self._running.stdin, self._running.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("a process has no pipes")
        self._input, self._output = stdin, stdout
        if self._read() != "ready":
            raise RuntimeError(f"a process does not start: {self._log.read_text()[-500:]}")

    def _write(self, turn: object) -> None:
        self._input.write(f"{json.dumps(turn)}\n")
        self._input.flush()

    def _read(self) -> str:
        return self._output.readline().strip()


class Run:
    """A run under way."""

    def __init__(self, plan: Plan, account: Account, server: SandboxServer) -> None:
        """Count the account's requests, and take its webhooks."""
        self._plan = plan
        self._account = account
        self._random = random.Random(plan.seed)  # noqa: S311  # not a secret
        self.shown = Shown()
        self.counter = RequestCounter(server.app.wsgi_app)
        server.app.wsgi_app = self.counter  # type: ignore[method-assign]
        self.relay = Relay(account.world, plan.seed)
        # The relay hands the webhooks over, not the sandbox's own thread.
        account.world.webhooks.deliveries.stop()
        self._present: list[Trouble] = []
        self.troubles: Counter[str] = Counter()
        self.kills = 0

    def go(self, processes: Sequence[Process], comparison: Comparison) -> Iterator[Differences]:
        """Take all turns; yield the differences on the way, and at the end."""
        steps, quiet = int(self._plan.days * DAY / self._plan.step), int(QUIET / self._plan.step)
        kills = set(self._random.sample(range(steps), self._plan.kills))
        checks = {steps * number // CHECKS for number in range(1, CHECKS)}
        for number in range(steps + quiet):
            is_quiet = number >= steps
            self._account.advance(self._plan.step, is_quiet=is_quiet)
            self._trouble([] if is_quiet else present(self._account.elapsed, self._plan))
            if all(one.kind != STOPPED for one in self._present):
                self._turn(processes, kill=number in kills)
            if number in checks:
                # What arrived while another process did the job is worked off in the next turn.
                self._account.world.advance(SETTLING)
                self._turn(processes, kill=False, arriving=[])
                differences = comparison.make()
                day = self._account.elapsed / DAY
                print(f"day {day:.1f}: {differences}", file=sys.stderr, flush=True)
                yield differences
        yield comparison.make()

    def _trouble(self, troubles: list[Trouble]) -> None:
        """Begin and end what goes wrong now."""
        if troubles == self._present:
            return
        world = self._account.world
        self.troubles.update(one.kind for one in troubles if one not in self._present)
        self._present = troubles
        kinds = {one.kind for one in troubles}
        self.relay.is_silent = bool(kinds & {SILENT, AWAY})
        self.relay.lost = LOST_ALONE if NO_API in kinds else LOST
        status = 403 if NO_HISTORY in kinds else 0
        world.assumptions = replace(world.assumptions, sync_history_refused_status=status)
        world.control.clear_faults()
        for one in sorted(troubles, key=lambda one: one.kind != AWAY):
            if one.fault:
                world.control.add_fault(one.fault, share=one.share, seconds=2 * TIMEOUT)

    def _turn(
        self,
        processes: Sequence[Process],
        *,
        kill: bool,
        arriving: list[Parcel] | None = None,
    ) -> None:
        now = self._account.world.clock()
        parcels = self.relay.arriving() if arriving is None else arriving
        for number, process in enumerate(processes):
            process.begin(now, parcels[number :: len(processes)])
        if kill:
            time.sleep(self._random.uniform(0, LONGEST_UNTIL_KILL))
            self._random.choice(processes).kill()
        was_killed = False
        for process in processes:
            stored, shown = process.end()
            for parcel, is_stored in stored:
                self.relay.settle(parcel, is_stored=is_stored)
            if shown:
                self.shown.add(shown)
            was_killed = was_killed or not shown
        self.kills += was_killed


def run(plan: Plan) -> Result:
    """Carry out a run and return what it shows."""
    started = time.monotonic()
    account = Account(plan)
    with (
        tempfile.TemporaryDirectory(prefix="pbf-chaos-") as folder,
        SandboxServer(world=account.world) as server,
    ):
        url = plan.database_url or f"sqlite:///{folder}/timeline.sqlite3"
        store = Store(url)
        turns = Run(plan, account, server)
        comparison = Comparison(account.world, store, turns.shown, turns.relay, step=plan.step)
        with _processes(plan, account, server.url, url, Path(folder)) as processes:
            *checks, final = turns.go(processes, comparison)
        store.close()
    return Result(
        final,
        checks,
        turns.kills,
        turns.counter.requests,
        turns.counter.failed,
        turns.relay.counts,
        account.changes,
        time.monotonic() - started,
        turns.troubles,
    )


@contextmanager
def _processes(
    plan: Plan, account: Account, url: str, database_url: str, folder: Path
) -> Iterator[list[Process]]:
    world = account.world
    arguments = (url, world.api_key, world.api_secret, database_url, str(plan.days))
    processes = [
        Process((*arguments, *account.groups), folder / f"process-{number}.log")
        for number in range(plan.processes)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.stop()
