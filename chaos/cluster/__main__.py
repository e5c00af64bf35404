"""python -m chaos.cluster: what holds while parts of a cluster fail, as a table.

PostgreSQL, Redis, nginx, several dashboards and processes of the routes alone, and the sandbox run
on this machine, with open tabs and steady calls. The exit status is 1 if a figure falls short.
"""

import argparse
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from types import FrameType

from bench.figures import Figure, conclude, table
from chaos.cluster.cases import (
    cache,
    database,
    deletions,
    fivetran,
    machine,
    pages,
    processes,
    resources,
    versions,
)
from chaos.cluster.cluster import SMALL, Cluster, Size, running
from chaos.cluster.front import IP_HASH, STICKY, Variant

Case = Callable[[Cluster], Iterator[Figure]]
CASES: Mapping[str, Case] = {
    "sticky": pages.case("sticky", Variant(spread=STICKY)),
    "round-robin": pages.case("round robin", Variant()),
    "ip-hash": pages.case("ip_hash", Variant(spread=IP_HASH)),
    "prefix-kept": pages.case("prefix kept", Variant(prefix=pages.PREFIX)),
    "prefix-stripped": pages.case("prefix stripped", Variant(prefix=pages.PREFIX, strip=True)),
    "tls": pages.case("TLS ended before", Variant(tls=True)),
    "kill": processes.kill,
    "sigterm": processes.sigterm,
    "rolling-restart": processes.rolling_restart,
    "mid-creation": processes.kill_during_creation,
    "versions": versions.side_by_side,
    "postgres-restart": database.case("PostgreSQL restarted", database.restarted),
    "postgres-crash": database.case("PostgreSQL crashed", database.crashed),
    "postgres-away": database.case("PostgreSQL away", database.away),
    "postgres-frozen": database.case("PostgreSQL frozen", database.frozen),
    "postgres-locked": database.case("PostgreSQL, every table locked", database.locked),
    "postgres-full": database.case("PostgreSQL, disk full", database.full),
    "postgres-read-only": database.case("PostgreSQL read-only", database.read_only),
    "postgres-newer": versions.newer,
    "postgres-older": versions.older,
    "postgres-empty": versions.empty,
    "redis-restart": cache.case("Redis restarted", cache.stop, cache.start),
    "redis-crash": cache.case("Redis killed", cache.kill, cache.start),
    "redis-away": cache.case("Redis away", cache.wait_away, cache.start),
    "redis-frozen": cache.case("Redis frozen", cache.freeze, cache.thaw),
    "redis-full": cache.case("Redis out of memory", cache.fill, cache.empty),
    "redis-read-only": cache.case("Redis read-only", cache.replicate, cache.promote),
    "redis-flushed": cache.case("Redis flushed", cache.flush),
    "redis-lock": cache.kill_holder,
    "fivetran-slow": fivetran.slow,
    "clocks": fivetran.clocks,
    "deletions": deletions.due,
    "unknown-paths": resources.unknown_paths,
    "opened-tabs": resources.opened_tabs,
    "disk-full": machine.disk_full,
    "not-root": machine.not_root,
}
IN_SMALL = ("rolling-restart", "postgres-frozen", "mid-creation")


def main(arguments: list[str] | None = None) -> int:
    """Run the cases, print the table, and return 1 if a figure falls short."""
    parser = argparse.ArgumentParser(prog="python -m chaos.cluster", description=__doc__)
    parser.add_argument("--case", action="append", choices=tuple(CASES), help="only this one")
    parser.add_argument("--small", action="store_true", help="a few cases on a small cluster")
    parser.add_argument("--away", type=float, help="seconds that a server is away (default 60)")
    parser.add_argument("--tabs", type=int, help="open tabs (default 60)")
    parser.add_argument("--proxies", type=int, help="processes of the routes alone (default 2)")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    given = {name: getattr(options, name) for name in ("away", "tabs", "proxies")}
    size = replace(
        SMALL if options.small else Size(),
        **{name: value for name, value in given.items() if value is not None},
    )
    figures = list(run(size, options.case or (IN_SMALL if options.small else CASES)))
    print(f"{platform.platform()}, {time.strftime('%Y-%m-%d')}")
    print(table(figures))
    return conclude(figures)


def run(size: Size, names: Iterable[str]) -> Iterator[Figure]:
    """Carry out cases on one cluster, and yield their figures."""
    with running(size) as cluster:
        for name in names:
            started_at = time.monotonic()
            figures = list(figures_of(cluster, name))
            taken, load = time.monotonic() - started_at, os.getloadavg()[0]
            print(f"{name}: {taken:.0f} s, load {load:.1f}", table(figures), file=sys.stderr)
            yield from figures


def _end(_number: int, _frame: FrameType | None) -> None:
    """End by an exception, so that everything that runs is stopped."""
    raise SystemExit(1)


def figures_of(cluster: Cluster, name: str) -> Iterator[Figure]:
    """Yield the figures of a case; one that cannot be carried out does not stop the others."""
    try:
        cluster.start_nodes()
        yield from CASES[name](cluster)
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        for line in cluster.unexpected_errors():
            print(line, file=sys.stderr)
        yield Figure(name, f"ended by {type(error).__name__}", 1, "", at_most=0)


if __name__ == "__main__":
    sys.exit(main())
