"""python -m chaos: 1,000 creations while answers are lost and processes are killed."""

import argparse
import sys

from chaos.run import Outcome, Plan, run


def main(arguments: list[str] | None = None) -> int:
    """Run it, print the figures, and return 1 if one of them is wrong."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--creations", type=int, default=Plan.creations)
    parser.add_argument("--processes", type=int, default=Plan.processes)
    parser.add_argument("--kill-every", type=int, default=Plan.kill_every, help="creations")
    parser.add_argument("--seed", type=int, default=Plan.seed, help="of the faults and the kills")
    parser.add_argument("--database-url", help="default: a SQLite file of its own")
    outcome = run(Plan(**vars(parser.parse_args(arguments))))
    tell(outcome)
    return 0 if outcome.good else 1


def tell(outcome: Outcome) -> None:
    """Print the figures."""
    faults = ", ".join(f"{kind} {struck}" for kind, struck in outcome.faults.items())
    for name, value in (
        ("creations asked for, each by two processes", outcome.asked),
        ("connectors in the end", outcome.connectors),
        ("duplicates", len(outcome.duplicates)),
        ("missing", len(outcome.missing)),
        ("with another permanent name", len(outcome.strangers)),
        ("with another name as typed", len(outcome.misnamed)),
        ("attempts unsettled", outcome.unsettled),
        ("processes killed", outcome.kills),
        ("requests to the sandbox", outcome.calls),
        ("of them struck", faults),
        ("seconds", round(outcome.seconds, 1)),
    ):
        print(f"{name:44}{value:>8}" if isinstance(value, int | float) else f"{name:44}{value}")
    for line in outcome.failed:
        print(line)
    print("holds" if outcome.good else "falls short")


if __name__ == "__main__":
    sys.exit(main())
