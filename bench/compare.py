"""Measure the routes of another server on this machine: python -m bench.compare URL.

Use it to compare Fivetran's sample, or a rebuild of it, with `make bench`.
"""

import argparse
import sys
from statistics import median

from bench.floor import PATHS
from bench.load import Load, NotLoopback, check_loopback, measure
from bench.routes import ACCEPT, CALLERS
from bench.scale import FULL


def line(path: str, callers: int, rounds: list[Load]) -> str:
    """Return one line with the medians of the rounds."""
    rate, p50, p99 = (
        median(getattr(load, name) for load in rounds) for name in ("rate", "p50", "p99")
    )
    return f"{path:<16} {callers:>7} {rate:>11,.1f} {p50:>10,.2f} {p99:>10,.2f}"


def main(arguments: list[str] | None = None) -> int:
    """Measure each route and print one line for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="the server's address, such as http://127.0.0.1:3001")
    parser.add_argument("--rounds", type=int, default=FULL.rounds)
    parser.add_argument("--seconds", type=float, default=FULL.seconds)
    options = parser.parse_args(arguments)
    base = options.url.rstrip("/")
    try:
        check_loopback(base)
    except NotLoopback as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{'route':<16} {'callers':>7} {'requests/s':>11} {'p50 ms':>10} {'p99 ms':>10}")
    for path in PATHS:
        for callers in CALLERS:
            rounds = [
                measure(f"{base}{path}", callers=callers, seconds=options.seconds, headers=ACCEPT)
                for _ in range(options.rounds)
            ]
            print(line(path, callers, rounds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
