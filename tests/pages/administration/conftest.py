"""The demo's three tenants, looked at by people with different roles."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.identity.authentication import Authentication
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime

As = Callable[..., None]


@pytest.fixture
def demo() -> Iterator[Runtime]:
    """The product on the embedded sandbox, with the demo's tenants."""
    started = runtimes.start(Settings())
    runtimes.use(started)
    yield started
    runtimes.use(None)
    started.close()


@pytest.fixture
def look_as(demo: Runtime) -> As:
    """Have all pages looked at by one person; without a role, by nobody."""

    def look(role: Role | None, tenant: str = "acme", person: str = "1", **more: object) -> None:
        identity = Identity(f"person:{person}", tenant, role, name="Ada", person_id=person, **more)
        services = demo.identity
        default = identity if role else None
        authentication = Authentication(services.sessions, services.tokens, default=default)
        runtimes.use(replace(demo, identity=replace(services, authentication=authentication)))

    return look
