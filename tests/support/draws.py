"""Hypothesis draws the same cases in every run, however long a case takes."""

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

PROFILE = "same draws"
NO_CONSTANTS = providers.Constants()
SLOW = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)


def use_same_draws() -> None:
    """Make this the default of all tests."""
    settings.register_profile(
        PROFILE,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=SLOW,
    )
    settings.load_profile(PROFILE)
    # Hypothesis would draw constants of the loaded modules, which differ between runs.
    providers._get_local_constants = lambda: NO_CONSTANTS


def cases(number: int) -> settings:
    """Return settings that run a test with this number of cases."""
    return settings(max_examples=number)
