"""Hypothesis draws the same cases in every run, however long a case takes."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

NO_CONSTANTS = providers.Constants()
SLOW = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


def cases(number: int) -> settings:
    """Return settings that run a test with this number of cases."""
    return settings(
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=SLOW,
        max_examples=number,
    )


@pytest.fixture(autouse=True)
def same_draws_whatever_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep hypothesis from drawing constants of the loaded modules, which differ between runs."""
    monkeypatch.setattr(providers, "_get_local_constants", lambda: NO_CONSTANTS)
