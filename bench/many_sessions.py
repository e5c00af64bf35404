"""Open sessions of many tenants on three processes with PostgreSQL and Redis: what each costs.

python -m bench.many_sessions opens as many sessions as one machine carries beside the load itself,
and reckons from their cost what 5,000 would need.
"""

import argparse
import asyncio
import resource
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import requests

from bench import servers
from bench.figures import Figure, conclude, table
from bench.idle_tabs import MOST_OF_A_CORE, watched
from bench.many_tenants import SEEDING, SignedIn, signed_in
from bench.postgres import postgres
from bench.redis_server import RedisServer
from bench.servers import Server
from bench.tabs import Tab, following, tabs_of
from bench.tenants import CONNECTORS, HOURLY_LIMIT
from bench.upstream import group_id
from pbf.sandbox.core.world import API_KEY, API_SECRET

AREA = "Sessions on {} processes, {:,} tenants of {} connectors"
RECKONED = 5_000
# Seconds until each process shows a change that was made at Fivetran.
LONGEST_UNSEEN = 90.0
POLL = 1.0
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pbf %'"
# The sockets of a session and of its requests, with some to spare.
DESCRIPTORS = 8


@dataclass(frozen=True)
class Size:
    """How many processes, tenants, connectors of each and sessions, and seconds of watching."""

    processes: int = 3
    tenants: int = 1000
    connectors: int = 100
    sessions: int = 900
    watched: int = 200
    seconds: float = 120.0


SMALL = Size(processes=2, tenants=6, connectors=5, sessions=4, watched=2, seconds=3.0)


@dataclass(frozen=True)
class World:
    """The servers of a run, the database's URL, and who is signed in."""

    products: Sequence[Server]
    upstream: Server
    database: str
    signed: SignedIn


def figures(size: Size) -> Iterator[Figure]:
    """Measure memory, connections, descriptors, processor time, requests, and a change."""
    area = AREA.format(size.processes, size.tenants, size.connectors)
    with running(size) as world:
        _read_lists(world)
        memory = sum(product.memory() for product in world.products)
        descriptors = sum(product.descriptors() for product in world.products)
        yield Figure(area, "memory of a process, no session", memory / size.processes, "MB")
        yield from asyncio.run(_with_sessions(world, size, area, memory, descriptors))


@contextmanager
def running(size: Size) -> Iterator[World]:
    """Run the servers until the block ends."""
    groups = tuple(map(group_id, range(size.tenants)))
    command = ("bench.upstream", "--connectors", str(size.tenants * size.connectors))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        database = stack.enter_context(postgres())
        redis = RedisServer(folder)
        redis.start()
        stack.callback(redis.stop, signal.SIGKILL)
        upstream = stack.enter_context(
            servers.running(
                *(*command, "--groups", str(size.tenants)), health="/_bench/count", timeout=SEEDING
            )
        )
        ports = [servers.free_port() for _ in range(size.processes)]
        signed = signed_in(
            *(folder, ports[0], groups),
            sessions=size.sessions,
            watched=size.watched,
            database=database,
        )
        shared = {**signed.settings, "PBF_REDIS_URL": redis.url}
        products = [
            stack.enter_context(
                servers.dashboard(
                    upstream,
                    port=port,
                    settings={**shared, "PBF_PUBLIC_URL": f"http://127.0.0.1:{port}"},
                )
            )
            for port in ports
        ]
        yield World(products, upstream, database, signed)


async def _with_sessions(
    world: World, size: Size, area: str, memory: float, descriptors: int
) -> list[Figure]:
    """Open the sessions, and return what they cost."""
    tabs = _tabs(world)
    async with following(tabs):
        idle = await watched(tabs, world.products, world.upstream, size.seconds)
        products = world.products
        added = sum(product.memory() for product in products) - memory
        opened = sum(product.descriptors() for product in products) - descriptors
        unseen = await asyncio.to_thread(_until_seen, world)
        connections = _count(world.database)
    name = f"{len(tabs):,} sessions"
    share = idle.share * 300 / len(tabs)
    hourly = idle.requests * 3600 / size.seconds
    needed, gigabytes = idle.share * RECKONED / len(tabs) / 100, RECKONED * added / len(tabs) / 1024
    return [
        Figure(area, "share of a core, for 300 sessions", share, "%", at_most=MOST_OF_A_CORE),
        Figure(area, "memory of a session", added / len(tabs), "MB"),
        Figure(area, "descriptors of a session", opened / len(tabs), ""),
        Figure(area, f"{name}: connections to PostgreSQL", connections, ""),
        Figure(area, f"{name}: requests an hour", hourly, "", at_most=HOURLY_LIMIT),
        Figure(area, "until all processes show a change", unseen, "s", at_most=LONGEST_UNSEEN),
        Figure(area, f"reckoned for {RECKONED:,} sessions: cores", needed, ""),
        Figure(area, f"reckoned for {RECKONED:,} sessions: memory", gigabytes, "GB"),
    ]


def _tabs(world: World) -> list[Tab]:
    """Return a tab for each session, on each process in turn."""
    cookies, number = world.signed.cookies, len(world.products)
    return [
        tab
        for place, product in enumerate(world.products)
        for tab in tabs_of(product.url, cookies[place::number])
    ]


def _read_lists(world: World) -> None:
    """Read one list on each process, so that everything is loaded."""
    for product in world.products:
        _listed(product, world.signed)


def _listed(product: Server, signed: SignedIn) -> dict[str, bool]:
    """Return the connectors of the first tenant, and whether each is paused."""
    response = requests.get(f"{product.url}{CONNECTORS}", headers=signed.headers[0], timeout=60)
    response.raise_for_status()
    return {entry["id"]: entry["paused"] for entry in response.json()}


def _until_seen(world: World) -> float:
    """Pause a connector at Fivetran, and return the seconds until each process shows it."""
    connector_id = next(iter(_listed(world.products[0], world.signed)))
    url, started_at = f"{world.upstream.url}/v1/connections/{connector_id}", time.monotonic()
    response = requests.patch(url, json={"paused": True}, auth=(API_KEY, API_SECRET), timeout=60)
    response.raise_for_status()
    while time.monotonic() < started_at + 2 * LONGEST_UNSEEN:
        if all(_listed(product, world.signed)[connector_id] for product in world.products):
            break
        time.sleep(POLL)
    return time.monotonic() - started_at


def _count(database: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute(CONNECTIONS).fetchone()
    return int(row[0]) if row else 0


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, and return 1 if a figure falls short."""
    parser = argparse.ArgumentParser(prog="python -m bench.many_sessions", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few sessions, to see that it works")
    parser.add_argument("--sessions", type=int, default=Size.sessions, help="how many to open")
    options = parser.parse_args(arguments)
    size = SMALL if options.small else Size(sessions=options.sessions)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (min(most, DESCRIPTORS * size.sessions + 1000), most)
    )
    measured = list(figures(size))
    print(table(measured))
    return conclude(measured)


if __name__ == "__main__":
    sys.exit(main())
