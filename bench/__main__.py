"""Every figure of docs/performance.md: python -m bench, or make bench."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module

from bench.figures import RESULTS, Figure, table, write
from bench.scale import FULL, TINY, Scale

AREAS = (
    "pages",
    "first_screen",
    "routes",
    "sign_in",
    "upstream_cost",
    "memory",
    "idle_tabs",
    "startup",
    "history",
    "history_pages",
    "watching",
)


def area(name: str) -> Callable[[Scale], Iterator[Figure]]:
    """Return the function that measures an area."""
    measure: Callable[[Scale], Iterator[Figure]] = import_module(f"bench.{name}").figures
    return measure


def main(arguments: list[str] | None = None) -> int:
    """Measure the areas, print a table and write it as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("areas", nargs="*", help=f"any of {', '.join(AREAS)}; default: all")
    parser.add_argument("--tiny", action="store_true", help="measure once, to see that it works")
    options = parser.parse_args(arguments)
    if unknown := set(options.areas) - set(AREAS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(AREAS)}")
    started_at, figures = time.monotonic(), []
    for name in options.areas or AREAS:
        for figure in area(name)(TINY if options.tiny else FULL):
            print(f"{figure.what}: {figure.value:,.1f} {figure.unit}", file=sys.stderr, flush=True)
            figures.append(figure)
    print(table(figures))
    if not options.tiny:
        write(figures, time.monotonic() - started_at)
        print(f"\nWritten to {RESULTS.name} beside this program.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
