"""The whole product as a vendor runs it: two tenants, two identity providers, SSO tokens."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import requests

from pbf.identity.api_tokens import ApiTokens
from pbf.identity.memberships import Members
from pbf.identity.models import Identity
from pbf.identity.sessions import Sessions
from pbf.rules.access.permissions import Role
from pbf.sandbox.core.records import Connection
from pbf.sandbox.sandbox import Sandbox
from pbf.sandbox.server import SandboxServer
from pbf.signed_links import Signer
from pbf.store.store import Store
from tests.support.oidc_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    Person,
    mock_provider,
    oidc_provider,
)
from tests.support.servers import dashboard, free_port
from tests.support.signing import jwks

# The vendor's own application: another site than the dashboard, which is at localhost.
VENDOR = "http://127.0.0.1:1"
JWT_ISSUER = "https://app.example.com"
KEY = "ec-1"
SIGNING_KEY = "a-signing-key-of-the-tests-0123456789"
OPERATOR = "olga@vendor.example"
POLICY = """\
version: 1
providers:
  - {{id: partner, name: Partner, issuer: "{partner}", client_id: pbf, secret_env: PARTNER_SECRET}}
tenants:
  acme: {{name: Acme Ltd, group: {acme}, branding: {{product_name: Acme Data}}}}
  globex: {{name: Globex, group: {globex}, branding: {{product_name: Globex Data}}}}
access:
  - {{provider: oidc, claim: groups, contains: data-admins, tenant: acme, role: admin}}
  - {{provider: oidc, claim: hd, equals: acme.example, tenant: acme, role: editor}}
  - {{provider: oidc, claim: hd, equals: globex.example, tenant: globex, role: viewer}}
  - {{provider: proxy, claim: email_domain, equals: acme.example, tenant: acme, role: editor}}
  - {{provider: proxy, claim: email_domain, equals: globex.example, tenant: globex, role: viewer}}
  - {{provider: partner, claim: email_domain, equals: both.example, tenant: acme, role: editor}}
  - {{provider: partner, claim: email_domain, equals: both.example, tenant: globex, role: viewer}}
"""


@dataclass(frozen=True)
class Site:
    """A running dashboard, what it runs on, and its own parts on the same database.

    Those parts are those of another process: what they end, the dashboard notices by itself.
    """

    url: str
    port: int
    world: Sandbox
    partner: str
    store: Store
    settings: dict[str, str] = field(repr=False)

    @property
    def cookie_name(self) -> str:
        """The name of the session's cookie."""
        return "__Host-pbf" if self.url.startswith("https:") else "pbf"

    @cached_property
    def sessions(self) -> Sessions:
        """The sessions, as another process sees them."""
        return Sessions(self.store, hours=12, idle_minutes=60)

    @cached_property
    def members(self) -> Members:
        """The members, as another process sees them."""
        return Members(self.store, self.sessions)

    @cached_property
    def signer(self) -> Signer:
        """The signer of links, with the dashboard's key."""
        return Signer(SIGNING_KEY)

    def token(self, tenant_id: str | None = "acme", role: Role = Role.ADMIN) -> str:
        """Return a new API token."""
        creator = Identity("person:x", tenant_id or "", Role.OPERATOR, is_operator=True)
        tokens = ApiTokens(self.store.api_tokens)
        return tokens.create("tests", role=role, tenant_id=tenant_id, creator=creator).text

    def state(self) -> object:
        """Return all connectors as they are at Fivetran."""
        return json.loads(self.world.snapshot())["connections"]

    def connectors_of(self, tenant_id: str) -> list[Connection]:
        """Return the connectors of a tenant."""
        groups = self.world.groups.values()
        globex = next(group.id for group in groups if group.name == "Globex")
        group_id = {"acme": self.world.group_id, "globex": globex}[tenant_id]
        return [c for c in self.world.connections.values() if c.group_id == group_id]

    def connector_of(self, tenant_id: str) -> Connection:
        """Return the first connector of a tenant."""
        return self.connectors_of(tenant_id)[0]

    def sign_in(self, user: str, provider: str = "oidc") -> str:
        """Sign a person in by the provider's forms, and return the session's cookie."""
        return self.signed_in(user, provider).cookies[self.cookie_name]

    def signed_in(self, user: str, provider: str = "oidc") -> requests.Session:
        """Sign a person in by the provider's forms, and return their HTTP client."""
        person, until = Person(), f"{self.url}/_/signed-in/{provider}"
        url = person.open(f"{self.url}/_/sign-in/{provider}").headers["Location"]
        if provider == "oidc":
            back = person.sign_in_at_provider(url, user, until)
        else:
            back = person.sign_in_at_mock(url, user)
        answer = person.open(back)
        assert answer.status_code == 303, answer.text
        return person.browser

    def identity(self, cookie: str) -> Identity:
        """Return whose session a cookie is of."""
        identity = Sessions(self.store, hours=12, idle_minutes=60).find(cookie)
        assert identity
        return identity

    def change_session(self, cookie: str, **times: float) -> None:
        """Change a session's times in the database, as if they had passed."""
        columns = ", ".join(f"{name} = ?" for name in times)
        assert self.store.file
        with closing(sqlite3.connect(self.store.file)) as database, database:
            statement = f"UPDATE sessions SET {columns} WHERE id = ?"
            database.execute(statement, (*times.values(), self.identity(cookie).session_id))

    def add_partner(self, subject: str, email: str) -> None:
        """Give the second provider a person, whose address it has verified."""
        claims = {"email": email, "email_verified": True, "name": subject}
        url = f"{self.partner}/users/{quote(subject)}"
        requests.put(url, json=claims, timeout=10).raise_for_status()

    def claims(self, **changes: object) -> dict[str, object]:
        """Return the claims of an SSO token."""
        now = int(time.time())
        usual = {
            "iss": JWT_ISSUER,
            "aud": self.url,
            "sub": "u_42",
            "jti": f"{time.monotonic_ns()}",
            "iat": now,
            "exp": now + 60,
            "tenant": "acme",
            "role": "editor",
            "name": "Vera",
        }
        return {**usual, **changes}


@contextmanager
def site(
    folder: Path, *, url: str = "", provider_id: str = "oidc", **changes: str
) -> Iterator[Site]:
    """Run everything until the block ends, and yield it.

    `url` is where people reach the dashboard, if something stands in front of it. The first
    provider leads people back to the path of `provider_id`.
    """
    port = free_port()
    public_url = url or f"http://localhost:{port}"
    (folder / "partner").mkdir()
    (folder / "jwks.json").write_text(json.dumps(jwks(KEY)))
    with (
        SandboxServer() as sandbox,
        oidc_provider(public_url, provider_id) as issuer,
        mock_provider(folder / "partner") as partner,
    ):
        world = sandbox.world
        globex = world.add_group("Globex").id
        world.add_connections(5, group_id=globex)
        policy = POLICY.format(partner=partner, acme=world.group_id, globex=globex)
        (folder / "policy.yaml").write_text(policy)
        settings = {
            "FIVETRAN_API_KEY": world.api_key,
            "FIVETRAN_API_SECRET": world.api_secret,
            "FIVETRAN_GROUP_ID": world.group_id,
            "FIVETRAN_API_URL": sandbox.url,
            "PBF_PUBLIC_URL": public_url,
            "PBF_DATABASE_URL": f"sqlite:///{folder / 'pbf.sqlite3'}",
            "PBF_SIGNING_KEY": SIGNING_KEY,
            "PBF_POLICY": str(folder / "policy.yaml"),
            "PBF_SIGN_IN": "oidc jwt",
            "PBF_OIDC_ISSUER": issuer,
            "PBF_OIDC_CLIENT_ID": CLIENT_ID,
            "PBF_OIDC_CLIENT_SECRET": CLIENT_SECRET,
            "PBF_OIDC_NAME": "Example ID",
            "PBF_OPERATORS": OPERATOR,
            "PBF_JWT_ISSUER": JWT_ISSUER,
            "PBF_JWT_KEYS": str(folder / "jwks.json"),
            "PBF_ALLOWED_ORIGINS": VENDOR,
            "PBF_FRAME_ANCESTORS": VENDOR,
            "PARTNER_SECRET": CLIENT_SECRET,
            **changes,
        }
        with dashboard(folder, port=port, **settings):
            store = Store(settings["PBF_DATABASE_URL"])
            yield Site(public_url, port, world, partner, store, settings)
            store.close()
