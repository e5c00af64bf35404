"""python -m chaos.timeline: thirty days of sync history while its sources fail."""

import argparse
import sys
from collections.abc import Iterator

from bench.figures import Figure, conclude, table
from chaos.timeline.plan import Plan
from chaos.timeline.run import Result, run

MOST_LINES = 5
# What has to be none, at the end and at every comparison on the way.
NONE = {
    "lost": "lost, though a source showed it",
    "doubled": "shown twice",
    "invented": "shown, though there was none",
    "misjudged": "with another outcome than a source showed",
    "gaps": "missing in a time that counts as observed",
    "miscounted": "connectors whose days count other numbers",
}


def main(arguments: list[str] | None = None) -> int:
    """Carry out a run, print the figures, and return 1 if one of them falls short."""
    parser = argparse.ArgumentParser(prog="python -m chaos.timeline", description=__doc__)
    parser.add_argument("--days", type=float, default=Plan.days, help="of sandbox time")
    parser.add_argument("--connectors", type=int, default=Plan.connectors)
    parser.add_argument("--kills", type=int, default=Plan.kills, help="of processes")
    parser.add_argument("--step", type=float, default=Plan.step, help="seconds of sandbox time")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--database-url", help="default: a temporary SQLite file")
    result = run(Plan(**vars(parser.parse_args(arguments))))
    figures = list(figures_of(result))
    print(table(figures))
    print(*examples(result), sep="\n")
    return conclude(figures)


def figures_of(result: Result) -> Iterator[Figure]:
    """Yield the figures of a run."""
    final, area = result.final, "Sync history"
    yield Figure(area, "true syncs", final.syncs, "")
    yield Figure(area, "shown by a source", final.shown, "")
    yield Figure(area, "in the product", final.entries, "")
    yield Figure(area, "true syncs missing at the end", len(final.unseen), "", at_most=0)
    for name, what in NONE.items():
        yield Figure(area, what, result.worst(name), "", at_most=0)
    yield Figure(area, "observed", 100 * final.observed / final.elapsed, "%")
    area = "Not seen by lists alone, at worst on the way"
    yield Figure(area, "behind a later sync with the same outcome", result.worst("hidden"), "")
    yield Figure(area, "interrupted syncs", result.worst("interrupted"), "")
    area = "What happened"
    yield Figure(area, "comparisons on the way", len(result.checks), "")
    yield Figure(area, "processes killed", result.kills, "")
    yield Figure(area, "requests to the sandbox", result.requests, "")
    yield Figure(area, "of them failed", result.failed, "")
    for name, count in sorted(result.hooks.items()):
        yield Figure(area, f"webhooks {name}", count, "")
    for name, count in sorted(result.changes.items()):
        yield Figure(area, f"connectors: {name}", count, "")
    for name, count in sorted(result.troubles.items()):
        yield Figure(area, f"trouble: {name}", count, "")
    yield Figure(area, "seconds", result.seconds, "s")


def examples(result: Result) -> Iterator[str]:
    """Yield some of the differences of each kind, from where there are most."""
    for name in ("unseen", *NONE):
        several = (result.final,) if name == "unseen" else (result.final, *result.checks)
        lines: list[str] = max((getattr(one, name) for one in several), key=len)
        yield from (f"{name}: {line}" for line in lines[:MOST_LINES])


if __name__ == "__main__":
    sys.exit(main())
