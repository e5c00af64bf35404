"""Every figure of docs/performance.md: python -m bench, or make bench."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module

from bench.figures import RESULTS, Figure, table, write
from bench.scale import FULL, TINY, Scale

AREAS = ("pages", "routes", "upstream_cost", "memory", "startup")


def area(name: str) -> Callable[[Scale], Iterator[Figure]]:
    """Return what measures an area."""
    found: Callable[[Scale], Iterator[Figure]] = import_module(f"bench.{name}").figures
    return found


def main(arguments: list[str] | None = None) -> int:
    """Measure, print a table, and keep it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("areas", nargs="*", help=f"some of {', '.join(AREAS)}; all if none")
    parser.add_argument("--tiny", action="store_true", help="once each, to see that it works")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.areas) - set(AREAS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(AREAS)}")
    began, found = time.monotonic(), []
    for name in chosen.areas or AREAS:
        for figure in area(name)(TINY if chosen.tiny else FULL):
            print(f"{figure.what}: {figure.value:,.1f} {figure.unit}", file=sys.stderr, flush=True)
            found.append(figure)
    print(table(found))
    if not chosen.tiny:
        write(found, time.monotonic() - began)
        print(f"\nWritten to {RESULTS.name} beside this program.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
