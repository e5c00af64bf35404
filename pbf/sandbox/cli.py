"""The options of a sandbox that runs alone: `python -m pbf sandbox`, `fivetran-sandbox`."""

import argparse
from collections.abc import Callable

from pbf.sandbox.control.samples import MOST_CONNECTIONS, MOST_GROUPS
from pbf.sandbox.core.rate_limits import PLANS
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.scenarios.player import Player
from pbf.sandbox.scenarios.scenario import load
from pbf.sandbox.server import main


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sandbox's options to a parser that has `--host` and `--port`."""
    _add_world_arguments(parser)
    parser.add_argument(
        "--webhooks-anywhere",
        action="store_true",
        help="let webhooks call other machines",
    )
    parser.add_argument(
        "--open-control",
        action="store_true",
        help="let other machines use /_control, which takes no key",
    )


def _add_world_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--speed",
        type=_speed,
        default=1.0,
        help="speed of its clock: 60 lets an hour pass in a minute, 0 stops it (default 1)",
    )
    parser.add_argument(
        "--seed", type=_whole(2**63), default=1, help="the same seed, the same world (default 1)"
    )
    parser.add_argument(
        "--groups", type=_whole(MOST_GROUPS), default=0, help="groups to add at the start"
    )
    parser.add_argument(
        "--connectors",
        type=_whole(MOST_CONNECTIONS),
        default=0,
        help="connectors to add at the start, spread over the groups",
    )
    parser.add_argument(
        "--scenario", help="a scenario of the library, or a file, that the world starts with"
    )
    parser.add_argument(
        "--limits", choices=tuple(PLANS), default="paid", help="rate limits (default paid)"
    )


def run(options: argparse.Namespace) -> None:
    """Serve a sandbox with these options until it is stopped."""
    main(options.host, options.port, world=world_of(options), open_control=options.open_control)


def world_of(options: argparse.Namespace) -> Sandbox:
    """Return a new world as the options describe it."""
    world = Sandbox(seed=options.seed)
    world.control.set_speed(options.speed)
    if options.scenario:
        Player(world, load(options.scenario).scenario)
    else:
        world.control.set_limits(options.limits)
    world.control.seed(groups=options.groups, connectors=options.connectors)
    world.webhooks.deliveries.anywhere = options.webhooks_anywhere
    return world


def _speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed <= 1_000_000:
        raise argparse.ArgumentTypeError("must be a number from 0")
    return speed


def _whole(most: int) -> Callable[[str], int]:
    def whole_number(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or int(text[:20]) > most:
            raise argparse.ArgumentTypeError(f"must be a whole number from 0 to {most}")
        return int(text)

    return whole_number
