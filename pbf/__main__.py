"""The commands: python -m pbf sandbox | proxy | doctor."""

import argparse
import os
import sys

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from pbf import logs
from pbf.doctor import examine
from pbf.ending import let_go_at_the_end
from pbf.housekeeping import Housekeeper
from pbf.proxy import create_app
from pbf.runtime import SANDBOX_PATH, embedded_sandbox, let_go, runtime
from pbf.sandbox import commands as sandbox_commands
from pbf.standalone import serve


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m pbf", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, port, text in (
        ("sandbox", 8502, "serve an imitation of Fivetran's API and Connect Card"),
        ("proxy", 5001, "serve the JSON routes alone"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--host", default="127.0.0.1", help="address to listen on")
        command.add_argument("--port", type=_port, default=port, help=f"port (default {port})")
        if name == "sandbox":
            sandbox_commands.add_arguments(command)
    commands.add_parser("doctor", help="check key, group, destination and settings")
    chosen = parser.parse_args(arguments)
    if chosen.command == "doctor":
        return doctor()
    try:
        if chosen.command == "sandbox":
            sandbox_commands.run(chosen)
        else:
            proxy(chosen.host, chosen.port)
    except (OSError, ValueError) as error:
        # No such host is a ValueError of waitress's, or an error with a number below zero.
        number = getattr(error, "errno", None) or 0
        why = os.strerror(number) if number > 0 else "there is no such host"
        print(f"Cannot listen on {chosen.host}:{chosen.port}: {why}.", file=sys.stderr)
        return 1
    return 0


def doctor() -> int:
    """Print the check-up; 1 if anything is bad."""
    findings = []
    for finding in examine(runtime):
        print(finding, flush=True)
        findings.append(finding)
    return 0 if all(finding.good for finding in findings) else 1


def proxy(host: str, port: int) -> None:
    """Serve the JSON routes until stopped, and the embedded sandbox where there is one."""
    logs.set_up()
    keeper = Housekeeper(lambda: runtime().portal)
    let_go_at_the_end(let_go, keeper.stop)
    app = DispatcherMiddleware(create_app(), {SANDBOX_PATH: embedded_sandbox})
    serve(app, host, port, then=keeper.start)


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


if __name__ == "__main__":
    sys.exit(main())
