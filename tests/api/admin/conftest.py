"""A product with sign-in and two tenants."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pbf.runtime import Runtime
from pbf.sandbox.server import SandboxServer
from tests.support.tenants import start_with_tenants


@pytest.fixture
def runtime(sandbox: SandboxServer, tmp_path: Path) -> Iterator[Runtime]:
    """The runtime with sign-in and the tenants acme and globex."""
    started = start_with_tenants(sandbox, tmp_path)
    yield started
    started.close()
