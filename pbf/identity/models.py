"""Who asks, and in whose name."""

from dataclasses import dataclass

from pbf.rules.access.permissions import Role


@dataclass(frozen=True)
class Identity:
    """A person or program, the tenant that it acts for, and its role there.

    `actor` is how the audit log names it: "person:<id>", "token:<id>", "link"; with sign-in off
    "page" or "route". `tenant_id` is empty for an operator that has not entered a tenant.
    `session_id` is the hash of the session's cookie and no credential. `services` narrows what the
    tenant's policy allows.
    """

    actor: str
    tenant_id: str
    role: Role
    name: str = ""
    email: str = ""
    person_id: str = ""
    session_id: str = ""
    services: frozenset[str] | None = None
    method: str = ""
    return_url: str = ""
    is_operator: bool = False
