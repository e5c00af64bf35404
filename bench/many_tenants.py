"""A product with many tenants: its policy file, and an API token of each tenant."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import servers
from bench.servers import Server
from bench.upstream import group_id
from pbf.identity.api_tokens import ApiTokens
from pbf.identity.memberships import Members
from pbf.identity.models import Identity
from pbf.identity.sessions import Sessions
from pbf.rules.access.permissions import Role
from pbf.store.identity.people import Profile
from pbf.store.store import Store

ISSUER = "https://vendor.example"
# Seconds to create 100,000 connectors on a busy machine.
SEEDING = 300.0


@dataclass(frozen=True)
class ManyTenants:
    """The servers of a run, and the headers with which each tenant's program asks."""

    product: Server
    upstream: Server
    headers: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class SignedIn:
    """The settings of a product with sign-in, the headers of each tenant's program, sessions."""

    settings: dict[str, str]
    headers: tuple[dict[str, str], ...]
    cookies: tuple[str, ...]

    @property
    def cookie(self) -> str:
        """The cookie of one session."""
        return self.cookies[0]


@contextmanager
def many_tenants(tenants: int, connectors: int) -> Iterator[ManyTenants]:
    """Run the product with sign-in on, and tenants with so many connectors each."""
    command = ["bench.upstream", "--connectors", str(tenants * connectors)]
    seeded = servers.running(
        *(*command, "--groups", str(tenants)), health="/_bench/count", timeout=SEEDING
    )
    with TemporaryDirectory() as folder, seeded as upstream:
        port = servers.free_port()
        signed = signed_in(Path(folder), port, tuple(map(group_id, range(tenants))))
        with servers.dashboard(upstream, port=port, settings=signed.settings) as product:
            yield ManyTenants(product, upstream, signed.headers)


def signed_in(
    folder: Path,
    port: int,
    groups: tuple[str, ...],
    *,
    sessions: int = 1,
    watched: int = 1,
    database: str | None = None,
) -> SignedIn:
    """Return a product on a port with sign-in and a tenant for each group; its data in a folder.

    So many sessions are of the first `watched` tenants in turn.
    """
    lines = [
        f"  tenant-{n}: {{name: Tenant {n}, group: {group}}}" for n, group in enumerate(groups)
    ]
    policy, keys = folder / "policy.yaml", folder / "keys.json"
    policy.write_text("\n".join(["version: 1", "tenants:", *lines]), encoding="utf-8")
    keys.write_text(json.dumps({"keys": []}), encoding="utf-8")
    settings = {
        "PBF_SIGN_IN": "jwt",
        "PBF_JWT_ISSUER": ISSUER,
        "PBF_JWT_KEYS": str(keys),
        "PBF_POLICY": str(policy),
        "PBF_DATABASE_URL": database or f"sqlite:///{folder / 'pbf.sqlite3'}",
        "PBF_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    store = Store(settings["PBF_DATABASE_URL"])
    headers = tuple(_headers(store, f"tenant-{number}") for number in range(len(groups)))
    cookies = _cookies(store, sessions, watched)
    store.close()
    return SignedIn(settings, headers, cookies)


def _headers(store: Store, tenant_id: str) -> dict[str, str]:
    creator = Identity("person:bench", tenant_id, Role.ADMIN)
    tokens = ApiTokens(store.api_tokens)
    token = tokens.create("bench", role=Role.ADMIN, tenant_id=tenant_id, creator=creator)
    return {"Authorization": f"Bearer {token.text}"}


def _cookies(store: Store, number: int, watched: int) -> tuple[str, ...]:
    sessions = Sessions(store, hours=12, idle_minutes=60)
    person = store.people.sign_in(Profile(ISSUER, "bench"), None, time.time()).person
    members = Members(store, sessions)
    tenants = [f"tenant-{number}" for number in range(watched)]
    for tenant in tenants:
        members.grant(tenant, person.id, Role.ADMIN, source="admin", by="bench")
    return tuple(
        sessions.start(person.id, tenant, Role.ADMIN, method="jwt")
        for tenant in islice(cycle(tenants), number)
    )
