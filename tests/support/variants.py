"""Variants of a test that `make exhaustive` tries and `make test` does not."""

from typing import Any

import pytest


def exhaustive(*values: Any, id: str | None = None) -> Any:
    """Return a parameter set of such a variant."""
    return pytest.param(*values, id=id, marks=pytest.mark.exhaustive)
