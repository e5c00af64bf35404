"""Deterministic examples, and a check that as many are drawn as planned."""

from collections.abc import Iterator

import pytest

from tests.properties import plan
from tests.support.draws import same_draws_whatever_is_loaded

__all__ = ["same_draws_whatever_is_loaded"]


@pytest.fixture(autouse=True)
def _as_many_as_planned() -> Iterator[None]:
    plan.drawn.clear()
    yield
    assert plan.missing() == {}
