"""A check that as many examples are drawn as planned."""

from collections.abc import Iterator

import pytest

from tests.properties import plan


@pytest.fixture(autouse=True)
def _as_many_as_planned() -> Iterator[None]:
    plan.drawn.clear()
    yield
    assert plan.missing() == {}
