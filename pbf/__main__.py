"""The commands: pbf serve | proxy | sandbox | doctor | audit | jobs | sweep | policy | ...

An installed wheel has the program `pbf`; `python -m pbf` does the same everywhere.
"""

import argparse
import os
import sys
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import TextIO

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from pbf import logs
from pbf.commands import webhooks
from pbf.commands.cleanup import clean_up_connectors
from pbf.commands.doctor import run_checks
from pbf.commands.jobs import list_jobs
from pbf.commands.policy import check_policy, explain_policy
from pbf.commands.serve import serve_dashboard
from pbf.commands.tokens import (
    ACTOR,
    DAYS,
    LIFETIME,
    OPERATOR_ROLE,
    TENANT_ROLES,
    create_token,
    list_tokens,
    revoke_token,
)
from pbf.config import Settings, check_listening, environment, load_settings
from pbf.connectors.access.caller import acting_as
from pbf.errors import ConfigurationError, InputError, PbfError
from pbf.jobs.starter import JobThread
from pbf.paths import SANDBOX_PATH, loopback_origin
from pbf.proxy import create_app
from pbf.redaction import escape_controls, redact
from pbf.runtime import embedded_sandbox, release_waiters, runtime
from pbf.runtime.jobs import job_runner
from pbf.runtime.opened_store import open_store
from pbf.sandbox import cli as sandbox_commands
from pbf.server.hosts import CheckHost
from pbf.server.shutdown import call_on_shutdown
from pbf.server.waitress_server import serve

PROGRAM = "pbf"
MAX_DAYS = 3650


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = _parser().parse_args(arguments)
    if options.command == "doctor":
        return doctor()
    if options.command == "audit":
        return audit()
    if options.command == "jobs":
        return jobs()
    if options.command == "sweep":
        return clean_up(options.days, delete=options.delete or options.now, now=options.now)
    if options.command == "policy":
        return policy(options)
    if options.command == "webhooks":
        return _report(webhooks.run(runtime, options.action))
    if options.command == "token":
        with acting_as(ACTOR):
            return token(options)
    try:
        if options.command == "sandbox":
            sandbox_commands.run(options)
        elif options.command == "serve":
            serve_dashboard(options.host, options.port)
        else:
            proxy(options.host, options.port)
    except ConfigurationError as error:
        _print(str(error), file=sys.stderr)
        return 1
    except (OSError, ValueError) as error:
        # For an unknown host, waitress raises ValueError or an error with a negative number.
        number = getattr(error, "errno", None) or 0
        reason = os.strerror(number) if number > 0 else "there is no such host"
        print(f"Cannot listen on {options.host}:{options.port}: {reason}.", file=sys.stderr)
        return 1
    return 0


def doctor() -> int:
    """Print the check of the settings and the account; return 1 if anything is wrong."""
    return _report((result.ok, str(result)) for result in run_checks(runtime))


def audit() -> int:
    """Print the audit log as CSV; return 1 if there is none or it cannot be read."""
    try:
        settings = load_settings()
        if settings.sandbox and settings.database_url is None:
            raise ConfigurationError(
                "There is no audit log to export: with the embedded sandbox, it exists only in the "
                "memory of the server process."
            )
        with closing(open_store(settings)) as store:
            for line in store.audit.csv():
                _print(line.rstrip("\r\n"))
        sys.stdout.flush()
    except PbfError as error:
        _print(str(error), file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader has closed the pipe; without this, Python reports it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def jobs() -> int:
    """Print the background work; return 1 if a job has failed or the database cannot be read."""
    try:
        return _report(list_jobs(load_settings()))
    except PbfError as error:
        _print(str(error), file=sys.stderr)
        return 1


def clean_up(days: int, *, delete: bool, now: bool) -> int:
    """Print which unfinished connectors there are, and delete them if asked; 1 after an error."""
    with acting_as("command"):
        return _report(clean_up_connectors(runtime, days=days, delete=delete, now=now))


def policy(options: argparse.Namespace) -> int:
    """Check or explain a policy file, by default that of PBF_POLICY; return 1 if it is wrong."""
    try:
        settings = load_settings()
        path = options.file or settings.policy
        if not path:
            raise ConfigurationError("Name a file, or set PBF_POLICY.")
    except ConfigurationError as error:
        _print(str(error), file=sys.stderr)
        return 1
    if options.action == "check":
        findings = check_policy(Path(path), settings, environment())
    else:
        findings = explain_policy(Path(path), settings, options.tenant)
    return _report((not finding.is_error, str(finding)) for finding in findings)


def token(options: argparse.Namespace) -> int:
    """Make, list or revoke API tokens; return 1 after an error.

    The text of a new token is the only line on standard output.
    """
    try:
        settings = load_settings()
        if options.words == ["list"]:
            return _report(list_tokens(settings))
        if options.words[0] == "revoke" and len(options.words) == 2:
            return _report(revoke_token(settings, options.words[1]))
        if len(options.words) > 1:
            raise InputError("Write a name of several words in quotes.")
        text, about = create_token(
            settings,
            options.words[0],
            tenant_id=options.tenant,
            role=OPERATOR_ROLE if options.operator else options.role,
            days=options.days,
        )
    except PbfError as error:
        _print(str(error), file=sys.stderr)
        return 1
    _print(about, file=sys.stderr)
    print(text)  # _print would redact it
    return 0


def proxy(host: str, port: int) -> None:
    """Serve the JSON API until stopped, and the embedded sandbox if it is used."""
    logs.set_up()
    check_listening(_settings_or_defaults(), host)
    keeper = JobThread(job_runner)
    call_on_shutdown(release_waiters, keeper.stop)
    app = DispatcherMiddleware(create_app(), {SANDBOX_PATH: CheckHost(embedded_sandbox)})

    def on_start() -> None:
        keeper.start()
        with suppress(PbfError):  # every route reports the error
            runtime().receive_from_sandbox(loopback_origin(host, port))

    serve(app, host, port, on_start=on_start)


def _settings_or_defaults() -> Settings:
    try:
        return load_settings()
    except ConfigurationError:
        return Settings()  # every route reports the error


def _report(lines: Iterable[tuple[bool, str]]) -> int:
    """Print each line once it is known; return 1 if one of them reports a problem."""
    has_problem = False
    for ok, text in lines:
        _print(text, flush=True)
        has_problem |= not ok
    return int(has_problem)


def _print(text: str, *, file: TextIO | None = None, flush: bool = False) -> None:
    """Print one line without secrets, and without characters that control a terminal."""
    print(escape_controls(redact(text)), file=file, flush=flush)


def _parser() -> argparse.ArgumentParser:
    is_installed = Path(sys.argv[0]).stem == PROGRAM
    program = PROGRAM if is_installed else f"python -m {PROGRAM}"
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, port, text in (
        ("serve", 8501, "serve the dashboard"),
        ("sandbox", 8502, "serve an imitation of Fivetran's API and Connect Card"),
        ("proxy", 5001, "serve the JSON API alone"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--host", default="127.0.0.1", help="address to listen on")
        command.add_argument("--port", type=_port, default=port, help=f"port (default {port})")
        if name == "sandbox":
            sandbox_commands.add_arguments(command)
    commands.add_parser("doctor", help="check key, group, destination and settings")
    commands.add_parser("audit", help="print the audit log of all groups as CSV")
    commands.add_parser("jobs", help="show the background work: what is due, and what failed last")
    _add_sweep(commands)
    _add_policy(commands)
    _add_token(commands)
    _add_webhooks(commands)
    return parser


def _add_sweep(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "list connectors that were created here and never finished; optionally delete them"
    command = commands.add_parser("sweep", help=text, description=text)
    older = "only if older than this number of days (default 30)"
    command.add_argument("--days", type=_days, default=30, help=older)
    undone = "delete them; this can be undone for PBF_DELETION_GRACE hours"
    command.add_argument("--delete", action="store_true", help=undone)
    command.add_argument("--now", action="store_true", help="delete them permanently now")


def _add_policy(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "check a policy file, or list which services it shows and why"
    policy = commands.add_parser("policy", help=text, description=text)
    actions = policy.add_subparsers(dest="action", required=True)
    for name, text in (
        ("check", "name the mistakes in a policy file, and compare it with Fivetran's services"),
        ("explain", "list each service, whether it is shown, and the rule that decides it"),
    ):
        action = actions.add_parser(name, help=text, description=text)
        action.add_argument("file", nargs="?", help="the file (default: that of PBF_POLICY)")
    action.add_argument("--tenant", help="the id of a tenant, if the file has several")


def _add_token(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "make an API token and print it, or list or revoke API tokens"
    token = commands.add_parser("token", help=text, description=text)
    token.add_argument("words", nargs="+", metavar="NAME | list | revoke ID", help="what to do")
    token.add_argument("--tenant", help="the id of a tenant, if there are several")
    role = token.add_mutually_exclusive_group()
    default = TENANT_ROLES[0]
    role.add_argument("--role", choices=TENANT_ROLES, default=default, help="default: viewer")
    role.add_argument("--operator", action="store_true", help="make a token for all tenants")
    token.add_argument("--days", type=_days, default=DAYS, help=LIFETIME)


def _add_webhooks(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "have Fivetran tell the server at once when something happens to a connector"
    command = commands.add_parser("webhooks", help=text, description=text)
    doing = "create the account's webhook or renew it, have it tested, or delete it"
    command.add_argument("action", choices=tuple(webhooks.ACTIONS), help=doing)


def _port(text: str) -> int:
    number = int(text) if text.isdecimal() else -1
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return number


def _days(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= MAX_DAYS:
        raise argparse.ArgumentTypeError(f"days must be a number from 1 to {MAX_DAYS}")
    return number


if __name__ == "__main__":
    sys.exit(main())
