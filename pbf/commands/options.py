"""The options of the command line."""

import argparse
import sys
from pathlib import Path

from pbf.commands import webhooks
from pbf.commands.tokens import DAYS, LIFETIME, TENANT_ROLES
from pbf.sandbox import cli as sandbox_commands

PROGRAM = "pbf"
DESCRIPTION = (
    "The commands: pbf serve | proxy | sandbox | doctor | audit | jobs | migrate | sweep | ... An "
    "installed wheel has the program pbf; python -m pbf does the same everywhere."
)
MAX_DAYS = 3650


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    is_installed = Path(sys.argv[0]).stem == PROGRAM
    program = PROGRAM if is_installed else f"python -m {PROGRAM}"
    command_line = argparse.ArgumentParser(prog=program, description=DESCRIPTION)
    commands = command_line.add_subparsers(dest="command", required=True)
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
    text = "apply missing migrations to the database"
    command = commands.add_parser("migrate", help=text, description=text)
    only = "only print the missing migrations; the exit status is 1 if there are any"
    command.add_argument("--check", action="store_true", help=only)
    _add_sweep(commands)
    _add_policy(commands)
    _add_token(commands)
    _add_webhooks(commands)
    return command_line


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
