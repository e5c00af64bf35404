"""PostgreSQL is away, hangs, or refuses: lists and probes go on, writes are refused in time."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path

import psycopg

from bench.figures import Figure
from chaos.cluster.cluster import Cluster
from chaos.cluster.observed import observing, wait_for
from pbf.store.tables import Base

Trouble = Callable[[Cluster], AbstractContextManager[None]]
FILLER = "filler"


def case(area: str, trouble: Trouble) -> Callable[[Cluster], Iterator[Figure]]:
    """Return the case of one trouble."""
    return partial(_observe, area=area, trouble=trouble)


def _observe(cluster: Cluster, *, area: str, trouble: Trouble) -> Iterator[Figure]:
    with observing(cluster, area) as observed:
        with trouble(cluster):
            pass
        done = observed.calls.writes.changes
        recovery = wait_for(lambda: observed.calls.writes.changes > done)
    yield from observed.quick_reads()
    yield from observed.writes()
    yield Figure(area, "until the next write is done", recovery, "s")
    yield from observed.audit()


@contextmanager
def restarted(cluster: Cluster) -> Iterator[None]:
    """PostgreSQL is restarted."""
    cluster.postgres.stop(signal.SIGINT)
    cluster.postgres.start()
    yield


@contextmanager
def crashed(cluster: Cluster) -> Iterator[None]:
    """One of its processes is killed, so that it ends all others and recovers."""
    with psycopg.connect(cluster.postgres.url) as connection:
        pid = connection.info.backend_pid
        os.kill(pid, signal.SIGKILL)
        with suppress(psycopg.OperationalError):
            connection.execute("SELECT 1")
    yield


@contextmanager
def away(cluster: Cluster) -> Iterator[None]:
    """PostgreSQL is stopped for a while."""
    cluster.postgres.stop(signal.SIGINT)
    time.sleep(cluster.size.away)
    cluster.postgres.start()
    yield


@contextmanager
def frozen(cluster: Cluster) -> Iterator[None]:
    """PostgreSQL accepts connections and answers nothing."""
    processes = cluster.postgres.processes()
    _send(processes, signal.SIGSTOP)
    try:
        time.sleep(cluster.size.trouble)
    finally:
        _send(processes, signal.SIGCONT)
    yield


@contextmanager
def locked(cluster: Cluster) -> Iterator[None]:
    """Somebody holds a lock on every table."""
    with psycopg.connect(cluster.postgres.url) as connection:
        connection.execute(f"LOCK TABLE {', '.join(Base.metadata.tables)}".encode())
        time.sleep(cluster.size.trouble)
    yield


@contextmanager
def full(cluster: Cluster) -> Iterator[None]:
    """The disk of PostgreSQL is full."""
    if not cluster.has_own_disk:
        raise RuntimeError("only root can mount a disk for PostgreSQL that may become full")
    with filled(cluster.postgres_folder):
        time.sleep(cluster.size.trouble)
    yield


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Fill a disk until the block ends."""
    file = disk / FILLER
    try:
        with file.open("wb", buffering=0) as filler:
            for size in (2**20, 2**12):
                with suppress(OSError):
                    while filler.write(bytes(size)):
                        pass
        yield
    finally:
        file.unlink()


@contextmanager
def read_only(cluster: Cluster) -> Iterator[None]:
    """PostgreSQL refuses to write, as a replica does."""
    name = "default_transaction_read_only"
    cluster.execute(f"ALTER SYSTEM SET {name} = on", "SELECT pg_reload_conf()")
    try:
        time.sleep(cluster.size.trouble)
    finally:
        cluster.execute(f"ALTER SYSTEM RESET {name}", "SELECT pg_reload_conf()")
    yield


def _send(processes: list[int], number: signal.Signals) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
