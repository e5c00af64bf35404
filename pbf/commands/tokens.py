"""API tokens on the command line: the first one can be made without a browser."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pbf.clock import utc_now
from pbf.commands.results import TENANTS_SHOWN, shortened
from pbf.config import Settings
from pbf.connectors.audit import AuditLog
from pbf.errors import ConfigurationError, InputError, PbfError
from pbf.identity.api_tokens import DEFAULT_DAYS, MOST_DAYS
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime, start
from pbf.runtime.opened_store import STORE_IN_MEMORY

if TYPE_CHECKING:
    from pbf.store.identity.tables import ApiToken

# Whether all went well, and a line of the report.
Line = tuple[bool, str]

ACTOR = "command"
OPERATOR = Identity(ACTOR, "", Role.OPERATOR, is_operator=True)
DAYS = DEFAULT_DAYS
LIFETIME = f"days until it expires, up to {MOST_DAYS} (default {DEFAULT_DAYS})"
OPERATOR_ROLE = Role.OPERATOR.value
TENANT_ROLES = tuple(role.value for role in Role if role is not Role.OPERATOR)


def create_token(
    settings: Settings, name: str, *, tenant_id: str | None, role: str, days: int
) -> tuple[str, str]:
    """Make a token; return its text, which nobody can read again, and a sentence about it.

    It is one of the operators with the role operator, else one of a tenant, whose id may be left
    out if there is only one. Raises PbfError.
    """
    with _Opened(settings) as runtime:
        place = None if role == OPERATOR_ROLE else _tenant(runtime, tenant_id)
        with _audit_log(runtime, place).record("create_token", details=f"{name}, {role}"):
            new = runtime.identity.tokens.create(
                name, role=Role(role), tenant_id=place, creator=OPERATOR, days=days
            )
        until = _day(new.expires_at)
        whose = f"tenant {place}" if place else "all tenants"
        return new.text, f"{new.id}: {name}, {whose}, {role}, until {until}. It is shown only now."


def list_tokens(settings: Settings) -> Iterator[Line]:
    """Yield a line for each token of the operators and of the tenants."""
    try:
        with _Opened(settings) as runtime:
            rows = [row for place in _places(runtime) for row in _tokens(runtime, place)]
    except PbfError as error:
        yield False, str(error)
        return
    for row in rows:
        whose = row.tenant_id or "all tenants"
        yield True, f"{row.id}  {row.role:<8}  {whose}  {_state(row)}  {row.name}"
    if not rows:
        yield True, "There is no API token."


def revoke_token(settings: Settings, token_id: str) -> Iterator[Line]:
    """Revoke a token by its id, and yield a line that says so."""
    try:
        with _Opened(settings) as runtime:
            row = runtime.store.api_tokens.get(token_id)
            if row is None or row.revoked_at is not None:
                raise InputError(f"There is no token {token_id} to revoke. See: token list.")
            with _audit_log(runtime, row.tenant_id).record("revoke_token", details=row.name):
                runtime.identity.tokens.revoke(token_id, tenant_id=row.tenant_id)
    except PbfError as error:
        yield False, str(error)
        return
    yield True, f"{token_id} ({row.name}) is revoked; servers refuse it within 5 seconds."


class _Opened:
    """A runtime on the database that the servers use, closed at the end."""

    def __init__(self, settings: Settings) -> None:
        url = settings.database_url
        if (settings.sandbox and url is None) or url == STORE_IN_MEMORY:
            raise ConfigurationError(
                "The API tokens would be lost at once: the database is in the memory of the server "
                "process. Set PBF_DATABASE_URL, here and for the server."
            )
        self._runtime = start(settings)

    def __enter__(self) -> Runtime:
        return self._runtime

    def __exit__(self, *_error: object) -> None:
        self._runtime.close()


def _tenant(runtime: Runtime, tenant_id: str | None) -> str:
    ids = [tenant.id for tenant in runtime.identity.tenants.all()]
    if tenant_id in ids:
        return str(tenant_id)
    if tenant_id is None and len(ids) == 1:
        return ids[0]
    problem = f"There is no tenant {tenant_id}." if tenant_id else "Choose a tenant with --tenant."
    raise InputError(f"{problem} Tenants: {shortened(ids, TENANTS_SHOWN)}.")


def _places(runtime: Runtime) -> list[str | None]:
    return [None, *(tenant.id for tenant in runtime.identity.tenants.all())]


def _tokens(runtime: Runtime, place: str | None) -> "list[ApiToken]":
    return runtime.identity.tokens.listed(place)


def _audit_log(runtime: Runtime, tenant_id: str | None) -> AuditLog:
    tenant = runtime.identity.tenants.get(tenant_id) if tenant_id else None
    return AuditLog(runtime.store, tenant.group_id if tenant else "")


def _state(row: "ApiToken") -> str:
    if row.revoked_at is not None:
        return f"revoked {_day(row.revoked_at)}"
    is_past = row.expires_at <= utc_now().timestamp()
    return f"{'expired' if is_past else 'until'} {_day(row.expires_at)}"


def _day(timestamp: float) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}"
