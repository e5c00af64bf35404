"""The commands: python -m pbf sandbox | proxy | doctor | audit | sweep."""

import argparse
import os
import sys
from contextlib import closing
from typing import TextIO

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from pbf import logs
from pbf.commands.cleanup import sweep
from pbf.commands.doctor import examine
from pbf.config import load_settings
from pbf.connectors.actor import acting
from pbf.connectors.background import Housekeeper
from pbf.errors import ConfigurationError, PbfError
from pbf.paths import SANDBOX_PATH
from pbf.proxy import create_app
from pbf.redaction import redact, visible
from pbf.runtime import embedded_sandbox, open_store, release_waiters, runtime
from pbf.sandbox import cli as sandbox_commands
from pbf.server.hosts import CheckHost
from pbf.server.shutdown import call_on_shutdown
from pbf.server.waitress_server import serve

LONGEST_DAYS = 3650


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    chosen = _parser().parse_args(arguments)
    if chosen.command == "doctor":
        return doctor()
    if chosen.command == "audit":
        return audit()
    if chosen.command == "sweep":
        return sweep_up(chosen.days, really_delete=chosen.delete or chosen.now, at_once=chosen.now)
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
        _print(str(finding), flush=True)
        findings.append(finding)
    return 0 if all(finding.good for finding in findings) else 1


def audit() -> int:
    """Print the audit log as CSV; 1 if there is none, or it cannot be read."""
    try:
        settings = load_settings()
        if settings.sandbox and settings.database_url is None:
            raise ConfigurationError(
                "There is no audit log to export: the embedded sandbox keeps it in the memory of "
                "the process that serves it."
            )
        with closing(open_store(settings)) as store:
            for line in store.audit.csv():
                _print(line.rstrip("\r\n"))
        sys.stdout.flush()
    except PbfError as error:
        _print(str(error), file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Who reads has seen enough; Python would complain once more as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def sweep_up(days: int, *, really_delete: bool, at_once: bool) -> int:
    """Print what the sweep finds and does; 1 if anything went wrong."""
    good = True
    with acting("command"):
        found = sweep(runtime, days=days, really_delete=really_delete, at_once=at_once)
        for finding in found:
            _print(str(finding), flush=True)
            good = good and finding.good
    return 0 if good else 1


def proxy(host: str, port: int) -> None:
    """Serve the JSON routes until stopped, and the embedded sandbox where there is one."""
    logs.set_up()
    keeper = Housekeeper(lambda: runtime().portal)
    call_on_shutdown(release_waiters, keeper.stop)
    app = DispatcherMiddleware(create_app(), {SANDBOX_PATH: CheckHost(embedded_sandbox)})
    serve(app, host, port, then=keeper.start)


def _print(text: str, *, file: TextIO | None = None, flush: bool = False) -> None:
    """Print one line without secrets; names may hold what would steer a terminal."""
    print(visible(redact(text)), file=file, flush=flush)


def _parser() -> argparse.ArgumentParser:
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
    commands.add_parser("audit", help="print the audit log of all groups as CSV")
    text = "list connectors that were created here and never finished, and delete them if told to"
    command = commands.add_parser("sweep", help=text, description=text)
    command.add_argument(
        "--days", type=_days, default=30, help="older than so many days (default 30)"
    )
    command.add_argument(
        "--delete",
        action="store_true",
        help="delete them, so that it can be undone for PBF_DELETION_GRACE hours",
    )
    command.add_argument("--now", action="store_true", help="delete them for good at once")
    return parser


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def _days(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= LONGEST_DAYS:
        raise argparse.ArgumentTypeError(f"days are a number from 1 to {LONGEST_DAYS}")
    return number


if __name__ == "__main__":
    sys.exit(main())
