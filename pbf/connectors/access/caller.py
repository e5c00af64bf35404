"""Who asks: the person, program or background work that this thread acts for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from pbf.connectors.access.client_address import Client
from pbf.errors import NotPermitted, PbfError
from pbf.rules.access.permissions import Permission, Role, allows, refusal


@dataclass(frozen=True)
class Caller:
    """Who acts, as the audit log names them, and with which rights.

    `services` narrows the policy to some services. The process itself has no client. Who runs the
    dashboard reads of its settings in errors.
    """

    actor: str
    role: Role | None = None
    client: Client | None = None
    services: frozenset[str] | None = None
    name: str = ""
    runs_dashboard: bool = False


# What a thread may do that nobody has named a caller for: nothing.
NOBODY = Caller("nobody")
CALLER: ContextVar[Caller] = ContextVar("caller")


def caller() -> Caller:
    """Return whom this thread acts for."""
    return CALLER.get(NOBODY)


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Attribute to an actor of the process itself what is done within."""
    before = CALLER.set(Caller(actor, Role.OPERATOR, runs_dashboard=True))
    try:
        yield
    finally:
        CALLER.reset(before)


def readable(error: PbfError) -> str:
    """Return what the caller may read of an error."""
    return str(error) if caller().runs_dashboard else error.for_tenants


def require(permission: Permission) -> None:
    """Raise NotPermitted unless the caller's role includes a permission."""
    role = caller().role
    if not allows(role, permission):
        raise NotPermitted(refusal(role, permission))
