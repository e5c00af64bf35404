"""The command `python -m pbf sandbox`: its options, and what they start."""

import argparse
from collections.abc import Callable

from pbf.sandbox.control.samples import MOST_CONNECTIONS, MOST_GROUPS
from pbf.sandbox.core.rate_limits import PLANS
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.server import main


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sandbox's own options to a parser that knows `--host` and `--port`."""
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        help="how fast its clock goes: 60 lets an hour pass in a minute, 0 stops it (default 1)",
    )
    parser.add_argument(
        "--seed", type=_whole(2**63), default=1, help="the same number, the same world (default 1)"
    )
    parser.add_argument(
        "--groups", type=_whole(MOST_GROUPS), default=0, help="so many more groups at the start"
    )
    parser.add_argument(
        "--connectors",
        type=_whole(MOST_CONNECTIONS),
        default=0,
        help="so many more connectors at the start, spread over the groups",
    )
    parser.add_argument(
        "--limits", choices=tuple(PLANS), default="paid", help="rate limits (default paid)"
    )
    parser.add_argument(
        "--webhooks-anywhere",
        action="store_true",
        help="let webhooks call other machines, too",
    )
    parser.add_argument(
        "--open-control",
        action="store_true",
        help="let other machines use /_control, which takes no key",
    )


def run(chosen: argparse.Namespace) -> None:
    """Serve the sandbox that the options describe, until it is ended."""
    world = Sandbox(seed=chosen.seed)
    world.control.set_speed(chosen.speed)
    world.control.set_limits(chosen.limits)
    world.control.seed(groups=chosen.groups, connectors=chosen.connectors)
    world.webhooks.deliveries.anywhere = chosen.webhooks_anywhere
    main(chosen.host, chosen.port, world=world, open_control=chosen.open_control)


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed <= 1_000_000:
        raise argparse.ArgumentTypeError("a speed is a number from 0")
    return speed


def _whole(most: int) -> Callable[[str], int]:
    def whole_number(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or int(text[:20]) > most:
            raise argparse.ArgumentTypeError(f"this is a whole number from 0 to {most}")
        return int(text)

    return whole_number
