"""The demo's three tenants, looked at by people with different roles."""

from collections.abc import Callable

import pytest

from pbf import runtime as runtimes
from pbf.identity.models import Identity
from pbf.rules.access.permissions import Role
from pbf.runtime import Runtime
from tests.support.tenants import looked_at_by

As = Callable[..., None]


@pytest.fixture
def look_as(demo: Runtime) -> As:
    """Have all pages looked at by one person; without a role, by nobody."""

    def look(role: Role | None, tenant: str = "acme", person: str = "1", **more: object) -> None:
        identity = Identity(f"person:{person}", tenant, role, name="Ada", person_id=person, **more)
        runtimes.use(looked_at_by(demo, identity if role else None))

    return look
