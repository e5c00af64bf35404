"""python -m chaos.soak: a day of the sandbox's time with kills, outages and upgrades.

Two dashboards and the routes alone twice work on one PostgreSQL and one Redis, while people create,
delete, restore, reschedule and sync connectors. The exit status is 1 if anything was lost or done
twice, is missing in the audit log, or if a process has grown.
"""

import argparse
import sys
from collections.abc import Iterator

from bench.figures import Figure, conclude, table
from chaos.soak.plan import Plan
from chaos.soak.run import Result, run

MOST_LINES = 10
MAX_GROWTH = 1.25
# Connections of pools come and go.
MAX_MORE_DESCRIPTORS = 20
# What has to be none.
NONE = {
    "lost": "connectors lost",
    "twice": "created or deleted twice",
    "unexpected": "connectors that nobody created",
    "undeleted": "deletions not carried out",
    "misscheduled": "connectors with another schedule than the last one",
    "unrecorded": "actions without an entry in the audit log",
    "untrue": "entries of what Fivetran has not seen",
}


def main(arguments: list[str] | None = None) -> int:
    """Carry out a run, print the figures, and return 1 if one of them falls short."""
    parser = argparse.ArgumentParser(prog="python -m chaos.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=Plan.minutes, help="15 are 24 hours")
    parser.add_argument("--people", type=int, default=Plan.people)
    parser.add_argument("--every", type=float, default=Plan.every, help="seconds between troubles")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    return report(run(Plan(**vars(parser.parse_args(arguments)))))


def report(result: Result) -> int:
    """Print the figures and what is wrong; return 1 if one of them falls short."""
    figures = list(_figures(result))
    print(table(figures))
    for name in NONE:
        for line in getattr(result.differences, name)[:MOST_LINES]:
            print(f"{name}: {line}", file=sys.stderr)
    print(*result.failed[:MOST_LINES], sep="\n", file=sys.stderr)
    return conclude(figures)


def _figures(result: Result) -> Iterator[Figure]:
    yield from (Figure("Troubles", kind, count, "") for kind, count in result.troubles.items())
    differences, answers = result.differences, result.statuses
    failed = sum(count for status, count in answers.items() if status == 0 or status >= 500)
    area = f"{result.hours:.1f} hours of the sandbox's time"
    yield Figure(area, "requests of people", answers.total(), "")
    yield Figure(area, "of them failed, and were repeated", failed, "")
    yield Figure(area, "of them answered 500", answers[500], "", at_most=0)
    yield Figure(area, "of them answered 404", answers[404], "")
    yield Figure(area, "runs of pages", result.page_runs, "")
    yield Figure(area, "requests to Fivetran", result.requests, "")
    yield Figure(area, "connectors created", differences.requested, "")
    yield Figure(area, "of them deleted", differences.deleted, "")
    yield Figure(area, "deletions taken back by a use at Fivetran", differences.taken_back, "")
    yield Figure(area, "entries in the audit log", differences.entries, "")
    yield Figure(area, "requests that never succeeded", len(result.failed), "", at_most=0)
    yield Figure(area, "creations and deletions not settled", result.unsettled, "", at_most=0)
    for name, what in NONE.items():
        yield Figure(area, what, len(getattr(differences, name)), "", at_most=0)
    yield from _growth(result)


def _growth(result: Result) -> Iterator[Figure]:
    """Yield the figures of processes that were never restarted, against those an hour in."""
    for name, after in result.after.items():
        before = result.before[name]
        area = f"In the end, against the first hour: {name}"
        growth = after.memory / before.memory
        yield Figure(area, "memory", after.memory, "MB", before.memory, growth, at_most=MAX_GROWTH)
        more = after.descriptors - before.descriptors
        what = f"descriptors more than {before.descriptors}"
        yield Figure(area, what, more, "", at_most=MAX_MORE_DESCRIPTORS)


if __name__ == "__main__":
    sys.exit(main())
