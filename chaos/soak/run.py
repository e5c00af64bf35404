"""A run: the servers, the people and the troubles, and what is there in the end."""

import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from websockets.exceptions import WebSocketException

from bench import servers
from bench.sessions import run as run_page
from bench.sessions import session
from chaos.soak.comparison import Differences, compare
from chaos.soak.fleet import Fleet, Resources, fleet
from chaos.soak.people import Person
from chaos.soak.plan import HOUR, SPEED, Plan
from chaos.soak.troubles import RestartableRedis, Troubles, begin_faults
from chaos.soak.witness import Witness
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.server import SandboxServer
from pbf.store.store import Store
from tests.support.postgres_server import PostgresServer, postgres_server

# Deletions that are due, twenty in half a minute, and creations that were cut short are worked off
# within this time.
SETTLING = 300.0
CHECK_EVERY = 1.0
PAGES = ("", "connectors", "services")
SAMPLES = 5


@dataclass(frozen=True)
class Result:
    """What a run shows; `before` and `after` are of the processes that were never restarted."""

    hours: float
    differences: Differences
    unsettled: int
    before: dict[str, Resources]
    after: dict[str, Resources]
    statuses: Counter[int]
    failed: list[str]
    troubles: Counter[str]
    requests: int
    page_runs: int


def run(plan: Plan) -> Result:
    """Carry out a run with a PostgreSQL server of its own."""
    with postgres_server() as postgres:
        return run_on(plan, postgres)


def run_on(plan: Plan, postgres: PostgresServer) -> Result:
    """Carry out a run with a database of a server, which goes away at times."""
    world = Sandbox(seed=plan.seed, populated=False)
    world.control.set_limits("off")
    world.control.set_speed(SPEED)
    database_url = postgres.empty()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pbf-soak-")))
        server = stack.enter_context(SandboxServer(world=world))
        witness = Witness(server.app.wsgi_app, world)
        server.app.wsgi_app = witness  # type: ignore[method-assign]
        cache = stack.enter_context(closing(RestartableRedis(folder)))
        settings = {
            **_settings(plan, world, server.url, database_url, cache.url),
            # A folder that outlives the processes.
            "PBF_AUDIT_SPOOL": str(folder / "spool"),
        }
        members = stack.enter_context(fleet(settings, screens=plan.screens))
        troubles = Troubles(plan, world, members, postgres, database_url, cache)
        return _carry_out(plan, world, witness, members, troubles, database_url)


def _carry_out(
    plan: Plan,
    world: Sandbox,
    witness: Witness,
    members: Fleet,
    troubles: Troubles,
    database_url: str,
) -> Result:
    people = [
        Person(f"person_{number}", members.urls, world, plan) for number in range(plan.people)
    ]
    started_at = time.monotonic()
    begin_faults(world)
    with _visiting(members) as visits, _working(people):
        time.sleep(min(HOUR, 30 * plan.minutes))
        _wait_for_pages(visits)
        before = _resources(members)
        troubles.go(started_at + 60 * plan.minutes)
        world.control.clear_faults()
    with closing(Store(database_url)) as store:
        unsettled = _settle(store, world.group_id)
        after = _resources(members)
        differences = _compare(world, store, witness, people)
    statuses = sum((person.statuses for person in people), Counter[int]())
    failed = [failure for person in people for failure in person.failed]
    return Result(
        plan.hours,
        differences,
        unsettled,
        before,
        after,
        statuses,
        failed,
        troubles.counts,
        witness.requests,
        sum(visits),
    )


def _settings(
    plan: Plan, world: Sandbox, url: str, database_url: str, redis_url: str
) -> dict[str, str]:
    return {
        **servers.no_settings(),
        "FIVETRAN_API_URL": url,
        "FIVETRAN_API_KEY": world.api_key,
        "FIVETRAN_API_SECRET": world.api_secret,
        "FIVETRAN_GROUP_ID": world.group_id,
        "PBF_DATABASE_URL": database_url,
        "PBF_REDIS_URL": redis_url,
        "PBF_SIGNING_KEY": servers.SIGNING_KEY,
        "PBF_CREATE_LIMIT": "off",
        "PBF_ACTION_LIMIT": "off",
        "PBF_TOTAL_ACTION_LIMIT": "off",
        "PBF_DELETION_GRACE": f"{plan.grace / 3600:.6f}",
        "PBF_DRAIN": "5",
        "PBF_TIMEOUT": "2",
    }


@contextmanager
def _working(people: list[Person]) -> Iterator[None]:
    """Let people work until the block ends, and wait until they have ended what they began."""
    threads = [threading.Thread(target=person.work) for person in people]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for person in people:
            person.stopped.set()
        for thread in threads:
            thread.join()


@contextmanager
def _visiting(members: Fleet) -> Iterator[list[int]]:
    """Keep tabs open on each dashboard until the block ends; yield the numbers of their runs."""
    ended = threading.Event()
    visited = members.dashboards
    counts = [0] * len(visited)

    def visit(number: int) -> None:
        while not ended.wait(CHECK_EVERY):
            # It may be down, or end meanwhile.
            with suppress(OSError, WebSocketException), ExitStack() as stack:
                url = visited[number].server.url
                tabs = {page: stack.enter_context(session(url, page)) for page in PAGES}
                for page, opened in cycle(tabs.items()):
                    run_page(opened, page)
                    counts[number] += 1
                    if ended.wait(CHECK_EVERY):
                        break

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(len(visited))]
    for thread in threads:
        thread.start()
    try:
        yield counts
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _wait_for_pages(visits: list[int]) -> None:
    """Wait until the dashboard that stays has shown each page twice, so that all is loaded."""
    end = time.monotonic() + SETTLING
    while visits and visits[0] < 2 * len(PAGES) and time.monotonic() < end:
        time.sleep(CHECK_EVERY)


def _resources(members: Fleet) -> dict[str, Resources]:
    """Return what the processes use that are never restarted: the least of some samples."""
    samples: list[list[Resources]] = []
    for _ in range(SAMPLES):
        samples.append([member.resources() for member in members.steady])
        time.sleep(CHECK_EVERY / SAMPLES)
    return {
        member.name: Resources(
            min(sample[index].memory for sample in samples),
            min(sample[index].descriptors for sample in samples),
        )
        for index, member in enumerate(members.steady)
    }


def _settle(store: Store, group_id: str) -> int:
    """Wait until no creation and no deletion is under way; return how many still are."""
    end = time.monotonic() + SETTLING
    left = 0
    while time.monotonic() < end:
        left = len(store.creations.unsettled(group_id)) + len(store.deletions.all())
        if not left:
            break
        print(f"{left} creations and deletions are under way", file=sys.stderr, flush=True)
        time.sleep(CHECK_EVERY)
    return left


def _compare(world: Sandbox, store: Store, witness: Witness, people: list[Person]) -> Differences:
    """Compare once the audit log has all entries that waited, or after a while."""
    end = time.monotonic() + SETTLING / 4
    while (differences := compare(world, store, witness, people)).unrecorded:
        if time.monotonic() >= end:
            break
        time.sleep(CHECK_EVERY)
    return differences
