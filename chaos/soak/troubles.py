"""What goes wrong during a run, one thing after another."""

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import redis

from chaos.plan import shares_of_the_rest
from chaos.soak.fleet import Fleet
from chaos.soak.plan import FAULTS, Plan
from pbf.sandbox.sandbox import Sandbox
from tests.support.postgres_server import PostgresServer
from tests.support.redis_server import redis_server
from tests.support.servers import free_port


class RestartableRedis:
    """A Redis server that loses everything at a restart."""

    def __init__(self, folder: Path) -> None:
        """Start it."""
        self._folder, self._port = folder, free_port()
        self._running = ExitStack()
        self._start()

    def _start(self) -> None:
        self.url = self._running.enter_context(redis_server(self._folder, self._port))

    def close(self) -> None:
        """End it."""
        self._running.close()

    def restart(self, after: float) -> None:
        """Be away for some seconds."""
        self.close()
        time.sleep(after)
        self._start()

    def freeze(self, seconds: float) -> None:
        """Answer nothing for some seconds."""
        with redis.Redis.from_url(self.url) as client:
            process = int(client.info("server")["process_id"])
        os.kill(process, signal.SIGSTOP)
        time.sleep(seconds)
        os.kill(process, signal.SIGCONT)


class Troubles:
    """Everything that can go wrong, in an order that the seed decides."""

    def __init__(
        self,
        plan: Plan,
        world: Sandbox,
        fleet: Fleet,
        postgres: PostgresServer,
        database_url: str,
        cache: RestartableRedis,
    ) -> None:
        """Trouble these servers."""
        self._plan = plan
        self._world = world
        self._fleet = fleet
        self._postgres = postgres
        self._database_url = database_url
        self._redis = cache
        self._random = random.Random(plan.seed)  # noqa: S311  # not a secret
        self._kinds: dict[str, Callable[[], None]] = {
            "kill -9": self._kill,
            "SIGTERM": self._restart,
            "upgrade": self._upgrade,
            "Fivetran away": lambda: self._fault("refuse"),
            "Fivetran fails": lambda: self._fault("500"),
            "Fivetran slow": lambda: self._fault("delay"),
            "PostgreSQL away": self._postgres_away,
            "PostgreSQL frozen": self._postgres_frozen,
            "Redis restarted": lambda: self._redis.restart(self._plan.outage),
            "Redis frozen": lambda: self._redis.freeze(self._plan.outage),
        }
        self.counts: Counter[str] = Counter()

    def go(self, until: float) -> None:
        """Let things go wrong until a time (monotonic), each kind at least once."""
        kinds = self._plan.kinds or tuple(self._kinds)
        for kind in self._in_order(kinds):
            if len(self.counts) == len(kinds) and time.monotonic() + self._plan.every >= until:
                break
            print(f"{until - time.monotonic():4.0f} s left: {kind}", file=sys.stderr, flush=True)
            began_at = time.monotonic()
            self._kinds[kind]()
            self.counts[kind] += 1
            time.sleep(max(0.0, began_at + self._plan.every - time.monotonic()))

    def _in_order(self, kinds: Collection[str]) -> Iterator[str]:
        """Yield each kind once, then all in another order, and so on."""
        while True:
            yield from self._random.sample(list(kinds), len(kinds))

    def _kill(self) -> None:
        member = self._random.choice(self._fleet.replaced)
        member.kill()
        member.start()

    def _restart(self) -> None:
        member = self._random.choice(self._fleet.replaced)
        member.stop()
        member.start()

    def _upgrade(self) -> None:
        self._fleet.migrate()
        for member in self._fleet.replaced:
            member.stop()
            member.start()

    def _fault(self, kind: str) -> None:
        with only_fault(self._world, kind):
            time.sleep(self._plan.outage)

    def _postgres_away(self) -> None:
        with self._postgres.away(self._database_url):
            time.sleep(self._plan.outage)

    def _postgres_frozen(self) -> None:
        with self._postgres.frozen():
            time.sleep(self._plan.outage)


def begin_faults(world: Sandbox) -> None:
    """Let a share of the requests to Fivetran fail from now on."""
    world.control.clear_faults()
    for kind, share in shares_of_the_rest(FAULTS):
        world.control.add_fault(kind, share=share, seconds=1, retry_after=1)


@contextmanager
def only_fault(world: Sandbox, kind: str) -> Iterator[None]:
    """Let every request fail until the block ends, and after that a share of them again."""
    world.control.clear_faults()
    world.control.add_fault(kind, share=1, seconds=3)
    try:
        yield
    finally:
        begin_faults(world)
