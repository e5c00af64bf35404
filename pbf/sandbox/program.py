"""The program `fivetran-sandbox`, which the sandbox's own distribution installs."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from pbf.sandbox import cli
from pbf.sandbox.core.errors import SandboxError
from pbf.sandbox.drift import drift
from pbf.sandbox.environment import variables
from pbf.sandbox.scenarios.recording import Account, record
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
        "by which known clients find the sandbox, and stop the sandbox when it ends. "
        "fivetran-sandbox record FILE: write a scenario like an account. "
        "fivetran-sandbox drift FILE: compare with a newer definition of the API.",
    )
    result.add_argument("--host", default="127.0.0.1", help="address to listen on")
    result.add_argument("--port", type=int, help="port to listen on; 0 for a free one")
    cli.add_arguments(result)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given)
    except SandboxError as error:
        print(f"fivetran-sandbox: {error.message}", file=sys.stderr)
        return 1


def _run(given: list[str]) -> int:
    if given[:1] == ["drift"]:
        return report_drift(drift_parser().parse_args(given[1:]).definition)
    if given[:1] == ["record"]:
        return record_account(record_parser().parse_args(given[1:]))
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


def drift_parser() -> argparse.ArgumentParser:
    """Return the parser of `fivetran-sandbox drift`."""
    result = argparse.ArgumentParser(
        prog="fivetran-sandbox drift",
        description="Say which operations and fields another definition of Fivetran's API has that "
        "this sandbox was not held against, and which it has no more. The exit status is 1 if "
        "there are any.",
    )
    result.add_argument("definition", help="an OpenAPI definition in JSON")
    return result


def report_drift(path: str) -> int:
    """Print the differences of a definition and return the exit status."""
    differences = drift(path)
    for difference in differences:
        print(difference)
    return 1 if differences else 0


def record_parser() -> argparse.ArgumentParser:
    """Return the parser of `fivetran-sandbox record`."""
    result = argparse.ArgumentParser(
        prog="fivetran-sandbox record",
        description="Write a scenario like an account. Only GETs are sent, with the key and secret "
        "of FIVETRAN_API_KEY and FIVETRAN_API_SECRET.",
    )
    result.add_argument("file", help="where to write the scenario")
    url = os.environ.get("FIVETRAN_API_URL") or "https://api.fivetran.com"
    result.add_argument("--url", default=url, help="address of the API (default: %(default)s)")
    result.add_argument("--name", default="Recorded", help="name of the scenario")
    result.add_argument(
        "--keep-names", action="store_true", help="keep the names of groups and schemas"
    )
    return result


def record_account(options: argparse.Namespace) -> int:
    """Write the scenario of an account and return the exit status."""
    key, secret = (os.environ.get(f"FIVETRAN_API_{name}", "") for name in ("KEY", "SECRET"))
    try:
        account = Account(options.url, key, secret)
        recorded = record(account, name=options.name, keep_names=options.keep_names)
        Path(options.file).write_text(recorded.text(), encoding="utf-8")
    except OSError as error:  # of the network, of HTTP, or of the file
        raise SandboxError(f"The account could not be recorded: {error}") from error
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
