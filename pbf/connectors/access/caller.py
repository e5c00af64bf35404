"""Who asks: the person, program or background work that this thread acts for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from pbf.errors import NotPermitted, PbfError
from pbf.rules.access.permissions import Permission, Role, allows, refusal


@dataclass(frozen=True)
class Client:
    """Who sends a request: the address of its socket, and what X-Forwarded-For says."""

    peer: str
    forwarded_for: str = ""

    def address(self, *, trusted_proxies: int) -> str:
        """Return the address that counts as one client, or the network of an IPv6 address.

        It is that of the socket, or with trusted proxies the one that the first of them reports:
        anything else in X-Forwarded-For may be forged by the sender.
        """
        address, hops = self.peer, self.forwarded_for.split(",")
        if trusted_proxies and len(hops) >= trusted_proxies:
            address = hops[-trusted_proxies].strip()
        try:
            parsed = ip_address(address)
        except ValueError:
            return self.peer
        # A client with one IPv6 address has a whole network of them.
        return str(parsed if parsed.version == 4 else ip_network((parsed, 64), strict=False))


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
