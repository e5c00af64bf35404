"""python -m chaos: 1,000 creations while responses are lost and processes are killed."""

import argparse
import sys

from chaos.run import Outcome, Plan, run


def main(arguments: list[str] | None = None) -> int:
    """Run the creations, print the result, and return 1 if it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--creations", type=int, default=Plan.creations)
    parser.add_argument("--processes", type=int, default=Plan.processes)
    parser.add_argument(
        "--kill-every", type=int, default=Plan.kill_every, help="number of creations"
    )
    parser.add_argument("--seed", type=int, default=Plan.seed, help="of the faults and kills")
    parser.add_argument("--database-url", help="default: a temporary SQLite file")
    outcome = run(Plan(**vars(parser.parse_args(arguments))))
    print_outcome(outcome)
    return 0 if outcome.good else 1


def print_outcome(outcome: Outcome) -> None:
    """Print the result of a run."""
    faults = ", ".join(f"{kind} {count}" for kind, count in outcome.faults.items())
    for name, value in (
        ("creations requested, each by two processes", outcome.requested),
        ("connectors created", outcome.connectors),
        ("duplicates", len(outcome.duplicates)),
        ("missing", len(outcome.missing)),
        ("with an unexpected permanent name", len(outcome.unexpected)),
        ("with a wrong name as typed", len(outcome.misnamed)),
        ("attempts not settled", outcome.unsettled),
        ("processes killed", outcome.kills),
        ("requests to the sandbox", outcome.calls),
        ("of them with a fault", faults),
        ("seconds", round(outcome.seconds, 1)),
    ):
        print(f"{name:44}{value:>8}" if isinstance(value, int | float) else f"{name:44}{value}")
    for line in outcome.failed:
        print(line)
    print("holds" if outcome.good else "falls short")


if __name__ == "__main__":
    sys.exit(main())
