"""A product with many tenants: its policy file, and an API token of each tenant."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import servers
from bench.servers import Server
from bench.upstream import group_id
from pbf.identity.models import Identity
from pbf.identity.tokens import ApiTokens
from pbf.rules.access.permissions import Role
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


@contextmanager
def many_tenants(tenants: int, connectors: int) -> Iterator[ManyTenants]:
    """Run the product with sign-in on, and tenants with so many connectors each."""
    command = ["bench.upstream", "--connectors", str(tenants * connectors)]
    seeded = servers.running(
        *(*command, "--groups", str(tenants)), health="/_bench/count", timeout=SEEDING
    )
    with TemporaryDirectory() as folder, seeded as upstream:
        settings, headers = signed_in(Path(folder), tenants)
        port = servers.free_port()
        settings["PBF_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
        with servers.dashboard(upstream, port=port, settings=settings) as product:
            yield ManyTenants(product, upstream, headers)


def signed_in(
    folder: Path, tenants: int, groups: tuple[str, ...] = ()
) -> tuple[dict[str, str], tuple[dict[str, str], ...]]:
    """Return the settings of a product with sign-in, and the headers of each tenant's program."""
    groups = groups or tuple(map(group_id, range(tenants)))
    lines = [
        f"  tenant-{n}: {{name: Tenant {n}, group: {group}}}" for n, group in enumerate(groups)
    ]
    policy, keys, database = folder / "policy.yaml", folder / "keys.json", folder / "pbf.sqlite3"
    policy.write_text("\n".join(["version: 1", "tenants:", *lines]), encoding="utf-8")
    keys.write_text(json.dumps({"keys": []}), encoding="utf-8")
    url = f"sqlite:///{database}"
    store = Store(url)
    tokens = ApiTokens(store.api_tokens)
    headers = []
    for number in range(tenants):
        tenant = f"tenant-{number}"
        creator = Identity("person:bench", tenant, Role.ADMIN)
        token = tokens.create("bench", role=Role.ADMIN, tenant_id=tenant, creator=creator)
        headers.append({"Authorization": f"Bearer {token.text}"})
    store.close()
    settings = {
        "PBF_SIGN_IN": "jwt",
        "PBF_JWT_ISSUER": ISSUER,
        "PBF_JWT_KEYS": str(keys),
        "PBF_POLICY": str(policy),
        "PBF_DATABASE_URL": url,
    }
    return settings, tuple(headers)
