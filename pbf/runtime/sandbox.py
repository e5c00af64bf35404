"""The embedded sandbox, which is used instead of Fivetran while there are no credentials."""

from typing import TYPE_CHECKING

from pbf.config import Settings
from pbf.paths import SANDBOX_PATH, is_loopback

if TYPE_CHECKING:
    from pbf.sandbox.server import SandboxServer

# The demo's tenants besides the first, and the sample customers of the sandbox.
DEMO_CUSTOMERS = {"globex": "Globex", "initech": "Initech"}


def demo_groups(sandbox: "SandboxServer") -> dict[str, str]:
    """Add the groups of the demo's tenants, with connectors; return them by tenant."""
    world = sandbox.world
    added = {tenant: world.add_customer(name).id for tenant, name in DEMO_CUSTOMERS.items()}
    return {"acme": world.group_id, **added}


def start_sandbox(settings: Settings) -> "SandboxServer":
    """Start a sandbox; where others can reach us, only the sandbox itself may change it."""
    from pbf.sandbox.server import SandboxServer

    # A proxy on this machine cannot always be distinguished from a person who uses it.
    public = not all(is_loopback(name) for name in settings.hosts)
    return SandboxServer(public_url=SANDBOX_PATH, close_control=public).start()
