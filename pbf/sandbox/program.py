"""The program `fivetran-sandbox`, which the sandbox's own distribution installs."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from pbf.sandbox import cli
from pbf.sandbox.environment import variables
from pbf.sandbox.server import SandboxServer

# As a shell's: the command was not found, or cannot be run.
NOT_FOUND, NOT_RUNNABLE = 127, 126


def parser() -> argparse.ArgumentParser:
    """Return the parser of `fivetran-sandbox`."""
    result = argparse.ArgumentParser(
        prog="fivetran-sandbox",
        description="Serve an imitation of Fivetran's REST API and Connect Card. "
        "It is not Fivetran's, and calls nobody.",
        epilog="fivetran-sandbox exec [options] -- COMMAND: run a command with the variables "
        "by which known clients find the sandbox, and stop the sandbox when it ends.",
    )
    result.add_argument("--host", default="127.0.0.1", help="address to listen on")
    result.add_argument("--port", type=int, help="port to listen on; 0 for a free one")
    cli.add_arguments(result)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["exec"]:
        own, command = _divided(given[1:])
        options = parser().parse_args(own)
        if not command:
            parser().error("give a command after --")
        return execute(command, options)
    options = parser().parse_args(given)
    options.port = 8502 if options.port is None else options.port
    cli.run(options)
    return 0


def execute(command: Sequence[str], options: argparse.Namespace) -> int:
    """Run a command against a new sandbox and return the command's exit status."""
    world = cli.world_of(options)
    with SandboxServer(
        host=options.host,
        port=options.port or 0,
        world=world,
        open_control=options.open_control,
    ) as server:
        try:
            ended = subprocess.run(command, env={**os.environ, **variables(server)}, check=False)
        except OSError as error:
            print(f"fivetran-sandbox: {command[0]}: {error.strerror}", file=sys.stderr)
            return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUNNABLE
    # A negative number is the signal that ended it.
    return ended.returncode if ended.returncode >= 0 else 128 - ended.returncode


def _divided(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what is before `--`, and what is after it."""
    if "--" not in arguments:
        return list(arguments), []
    at = arguments.index("--")
    return list(arguments[:at]), list(arguments[at + 1 :])
