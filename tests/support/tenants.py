"""A product with sign-in and two tenants, and the people and tokens that act for them."""

from dataclasses import dataclass, replace
from pathlib import Path

from flask.testing import FlaskClient

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.config.sign_in import SignIn
from pbf.identity.administration.members import Invitation
from pbf.identity.api_tokens import ID_LENGTH, PREFIX
from pbf.identity.authentication import Authentication
from pbf.identity.models import Identity
from pbf.proxy import create_app
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from pbf.store.identity.people import Profile
from tests.support.accounts import account_on

PUBLIC_URL = "http://localhost"
ISSUER = "https://issuer.example"
SIGN_IN = SignIn(methods=("oidc",), oidc_issuer=ISSUER, oidc_client_id="pbf")
POLICY = """\
version: 1
policies:
  small:
    limits: {{connectors: 3}}
tenants:
  acme: {{name: Acme Ltd, group: {acme}}}
  globex: {{name: Globex, group: {globex}}}
"""
OPERATOR = Identity("test", "", Role.OPERATOR, is_operator=True)


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in, as their identity, with the value of their cookie."""

    identity: Identity
    cookie: str

    @property
    def id(self) -> str:
        return self.identity.person_id


def settings_with_tenants(sandbox: SandboxServer, folder: Path, **changes: object) -> Settings:
    """Return settings with sign-in, and the tenants acme (the sandbox's group) and globex."""
    other = sandbox.world.add_group("Globex").id
    sandbox.world.add_connections(3, group_id=other)
    policy = folder / "policy.yaml"
    policy.write_text(POLICY.format(acme=sandbox.world.group_id, globex=other), encoding="utf-8")
    settings = account_on(sandbox, policy=str(policy), public_url=PUBLIC_URL, sign_in=SIGN_IN)
    return replace(settings, **changes)


def looked_at_by(runtime: Runtime, default: Identity | None) -> Runtime:
    """Return a runtime whose visitors without a session are one person, or nobody."""
    services = runtime.identity
    authentication = Authentication(services.sessions, services.tokens, default=default)
    return replace(runtime, identity=replace(services, authentication=authentication))


def start_with_tenants(sandbox: SandboxServer, folder: Path, **changes: object) -> Runtime:
    """Start the product with sign-in and two tenants; the caller closes it."""
    return runtimes.start(settings_with_tenants(sandbox, folder, **changes))


def add_person(runtime: Runtime, name: str, **roles: Role) -> str:
    """Store a person with a verified address and their roles by tenant; return the id."""
    email = f"{name.lower()}@people.example"
    person = runtime.identity.members.sign_in(Profile(ISSUER, name, email, True, name), None).person
    for tenant_id, role in roles.items():
        runtime.identity.members.grant(tenant_id, person.id, role, source="admin", by="test")
    return person.id


def sign_in(runtime: Runtime, name: str, role: Role, tenant_id: str = "acme") -> Person:
    """Sign a person in to a tenant with a role; an operator may also enter none."""
    is_operator = role is Role.OPERATOR
    person_id = add_person(runtime, name, **({} if is_operator else {tenant_id: role}))
    sessions = runtime.identity.sessions
    cookie = sessions.start(person_id, tenant_id, role, method="oidc")
    identity = sessions.find(cookie)
    assert identity is not None
    return Person(identity, cookie)


def make_token(runtime: Runtime, role: Role, tenant_id: str | None = "acme") -> str:
    """Make an API token of a tenant, or with None one of the operators; return its text."""
    tokens = runtime.identity.tokens
    return tokens.create("test", role=role, tenant_id=tenant_id, creator=OPERATOR).text


def client_of(
    runtime: Runtime, *, cookie: str = "", token: str = "", tenant_id: str = ""
) -> FlaskClient:
    """Return a client of the JSON API that sends a session's cookie, or a bearer token.

    `tenant_id` is the tenant that a token of the operators names.
    """
    client = create_app(lambda: runtime).test_client()
    client.environ_base["HTTP_ORIGIN"] = PUBLIC_URL
    if cookie:
        client.set_cookie("pbf", cookie)
    if token:
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    if tenant_id:
        client.environ_base["HTTP_X_TENANT"] = tenant_id
    return client


def add_tenant(runtime: Runtime, sandbox: SandboxServer, tenant_id: str) -> str:
    """Add a tenant with a group of its own, unless it is there; return the group."""
    for row in runtime.store.tenants.listed():
        if row.id == tenant_id:
            return row.group_id
    group_id = sandbox.world.add_group(tenant_id).id
    runtime.identity.administration.tenants.put(
        OPERATOR, tenant_id, name=tenant_id.title(), group_id=group_id, policy=""
    )
    return group_id


def invite(runtime: Runtime, email: str = "grace@people.example") -> Invitation:
    """Invite an address to acme as an editor."""
    members = runtime.identity.administration.members
    return members.invite(OPERATOR, "acme", email, Role.EDITOR)


def path_of(runtime: Runtime, sandbox: SandboxServer, method: str, path: str) -> str:
    """Return the path of an admin route with the ids of things that exist, made for it."""
    ids = {"tenant_id": "acme"}
    if path.endswith("{tenant_id}") and method.upper() in ("PUT", "DELETE"):
        ids["tenant_id"] = "initech"
        add_tenant(runtime, sandbox, "initech")
    if "{token_id}" in path:
        is_tenants = "{tenant_id}" in path
        text = make_token(runtime, *((Role.VIEWER,) if is_tenants else (Role.OPERATOR, None)))
        ids["token_id"] = text.removeprefix(PREFIX)[:ID_LENGTH]
    if "{person_id}" in path or "{session_id}" in path:
        person = sign_in(runtime, "Member", Role.VIEWER)
        ids |= {"person_id": person.id, "session_id": person.identity.session_id}
    if "{invitation_id}" in path:
        ids["invitation_id"] = invite(runtime).id
    return path.format(**ids)
