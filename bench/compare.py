"""The same route figures for any other server on this machine: python -m bench.compare URL.

So that Fivetran's sample, or any rebuild of it, can be measured side by side with `make bench`.
"""

import argparse
import sys
from statistics import median

from bench.floor import ENCODING, PATHS
from bench.load import Load, NotLoopback, check_loopback, measure
from bench.routes import CALLERS
from bench.scale import FULL


def line(path: str, callers: int, rounds: list[Load]) -> str:
    """Return the medians of some rounds in a line."""
    rate, p50, p99 = (
        median(getattr(one, name) for one in rounds) for name in ("rate", "p50", "p99")
    )
    return f"{path:<16} {callers:>7} {rate:>11,.1f} {p50:>10,.2f} {p99:>10,.2f}"


def main(arguments: list[str] | None = None) -> int:
    """Measure each route and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="where the server is, such as http://127.0.0.1:3001")
    parser.add_argument("--rounds", type=int, default=FULL.rounds)
    parser.add_argument("--seconds", type=float, default=FULL.seconds)
    chosen = parser.parse_args(arguments)
    base = chosen.url.rstrip("/")
    try:
        check_loopback(base)
    except NotLoopback as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{'route':<16} {'callers':>7} {'requests/s':>11} {'p50 ms':>10} {'p99 ms':>10}")
    for path in PATHS:
        for callers in CALLERS:
            rounds = [
                measure(
                    f"{base}{path}",
                    callers=callers,
                    seconds=chosen.seconds,
                    headers={"Accept-Encoding": ENCODING},
                )
                for _ in range(chosen.rounds)
            ]
            print(line(path, callers, rounds), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
