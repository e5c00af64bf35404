"""The product with a policy file that a test writes itself."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pbf import runtime as runtimes
from pbf.config import Settings
from pbf.runtime import Runtime

Start = Callable[[str], Runtime]


@pytest.fixture
def policy_path(tmp_path: Path) -> Path:
    """The place of the policy file; the file is not there yet."""
    return tmp_path / "policy.yaml"


@pytest.fixture
def under(settings: Settings, policy_path: Path) -> Iterator[Start]:
    """Start the product under the policy of a tenant acme, written as YAML."""
    started = []

    def start(policy: str) -> Runtime:
        policy_path.write_text(f"version: 1\ntenants:\n  acme: {policy}\n", encoding="utf-8")
        started.append(runtimes.start(replace(settings, policy=str(policy_path))))
        runtimes.use(started[-1])
        return started[-1]

    yield start
    runtimes.use(None)
    for runtime in started:
        runtime.close()
