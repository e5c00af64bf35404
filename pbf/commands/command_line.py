"""The command line of `python -m pbf`: which command its options run."""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import TextIO

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from pbf import logs
from pbf.commands import webhooks
from pbf.commands.doctor import run_checks
from pbf.commands.jobs import list_jobs
from pbf.commands.migrate import check_migrations, migrate_database
from pbf.commands.options import parser
from pbf.commands.policy import check_policy, explain_policy
from pbf.commands.serve import serve_dashboard
from pbf.commands.sweep import clean_up_connectors
from pbf.commands.tokens import ACTOR, OPERATOR_ROLE, create_token, list_tokens, revoke_token
from pbf.config import Settings, check_listening, environment, load_settings
from pbf.connectors.access.caller import acting_as
from pbf.errors import ConfigurationError, InputError, PbfError
from pbf.jobs.starter import JobThread
from pbf.metrics.tracing.spans import start_tracing
from pbf.paths import SANDBOX_PATH, loopback_origin
from pbf.proxy import create_app
from pbf.redaction import escape_controls, redact
from pbf.runtime import embedded_sandbox, release_waiters, runtime
from pbf.runtime.jobs import job_runner
from pbf.runtime.metrics import start_metrics
from pbf.runtime.opened_store import open_store
from pbf.runtime.readiness import ReadinessCheck
from pbf.sandbox import cli as sandbox_commands
from pbf.server.host_header import CheckHost
from pbf.server.lazy_app import collect_garbage_less_often
from pbf.server.path_prefix.wsgi import UnderPrefix
from pbf.server.probes.answers import ReadinessWatch
from pbf.server.shutdown import call_on_shutdown
from pbf.server.waitress_server import THREADS, serve


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = parser().parse_args(arguments)
    if options.command == "doctor":
        return doctor()
    if options.command == "audit":
        return audit()
    if options.command == "jobs":
        return jobs()
    if options.command == "migrate":
        return migrate(check=options.check)
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


def migrate(*, check: bool) -> int:
    """Apply missing migrations, or only print them; return 1 if they stay missing."""
    try:
        settings = load_settings()
        return _report(check_migrations(settings) if check else migrate_database(settings))
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
    settings = _settings_or_defaults()
    check_listening(settings, host)
    start_tracing()
    try:
        start_metrics()
    except ConfigurationError as error:
        logging.getLogger("pbf").error("%s", error)  # every route reports the same or works
    collect_garbage_less_often()
    keeper, readiness = JobThread(job_runner), ReadinessWatch(ReadinessCheck(runtime))
    routes = create_app(readiness=readiness, threads=THREADS)
    mounted = DispatcherMiddleware(routes, {SANDBOX_PATH: CheckHost(embedded_sandbox)})
    app = UnderPrefix(mounted)

    def on_start(stop_listening: Callable[[], None]) -> None:
        callbacks = (release_waiters, keeper.stop, readiness.stop)
        call_on_shutdown(*callbacks, drain=settings.drain, stop_listening=stop_listening)
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
